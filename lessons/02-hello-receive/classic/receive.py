#!/usr/bin/env python
"""The classic "Hello World!" receiver, for Pika 0.11 and 1.x: it knows no AMQP_URL, and connects to localhost."""
import sys

import pika


def callback(ch, method, properties, body):
    print(" [x] Received %r" % body)


parameters = pika.ConnectionParameters(host='localhost', port=int(sys.argv[1]))
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
channel.queue_declare(queue='hello')
if pika.__version__.startswith('0.'):
    channel.basic_consume(callback, queue='hello', no_ack=True)
else:
    channel.basic_consume(queue='hello', on_message_callback=callback, auto_ack=True)
print(' [*] Waiting for messages. To exit press CTRL+C')
channel.start_consuming()
