#!/usr/bin/env python
"""The classic sender of log messages, for Pika 0.11 and 1.x: it knows no AMQP_URL, and connects to localhost."""
import sys

import pika

parameters = pika.ConnectionParameters(host='localhost', port=int(sys.argv[1]))
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
channel.exchange_declare(exchange='logs', exchange_type='fanout')
message = ' '.join(sys.argv[2:]) or "info: Hello World!"
channel.basic_publish(exchange='logs', routing_key='', body=message)
print(" [x] Sent %s" % message)
connection.close()
