#!/usr/bin/env python
"""The classic sender of log messages with a topic, for Pika 0.11 and 1.x: it knows no AMQP_URL, and connects to localhost."""
import sys

import pika

parameters = pika.ConnectionParameters(host='localhost', port=int(sys.argv[1]))
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
channel.exchange_declare(exchange='topic_logs', exchange_type='topic')
# A topic alone counts for nothing: it needs a text behind it.
routing_key = sys.argv[2] if len(sys.argv) > 3 else 'anonymous.info'
message = ' '.join(sys.argv[3:]) or 'Hello World!'
channel.basic_publish(exchange='topic_logs', routing_key=routing_key, body=message)
print(" [x] Sent %s:%s" % (routing_key, message))
connection.close()
