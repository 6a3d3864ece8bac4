#!/usr/bin/env python
"""The classic sender of log messages with a severity, for Pika 0.11 and 1.x: it knows no AMQP_URL, and connects to localhost."""
import sys

import pika

parameters = pika.ConnectionParameters(host='localhost', port=int(sys.argv[1]))
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
channel.exchange_declare(exchange='direct_logs', exchange_type='direct')
# A severity alone counts for nothing: it needs a text behind it.
severity = sys.argv[2] if len(sys.argv) > 3 else 'info'
message = ' '.join(sys.argv[3:]) or 'Hello World!'
channel.basic_publish(exchange='direct_logs', routing_key=severity, body=message)
print(" [x] Sent %s:%s" % (severity, message))
connection.close()
