#!/usr/bin/env python
"""The classic receiver of all logs, for Pika 0.11 and 1.x: it knows no AMQP_URL, and connects to localhost."""
import sys

import pika


def callback(ch, method, properties, body):
    print(" [x] %r" % body)


parameters = pika.ConnectionParameters(host='localhost', port=int(sys.argv[1]))
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
is_old = pika.__version__.startswith('0.')
channel.exchange_declare(exchange='logs', exchange_type='fanout')
result = channel.queue_declare(queue='', exclusive=True)
queue_name = result.method.queue

# Pika binds with the queue's name as the key if it gets none. A fanout exchange ignores it.
channel.queue_bind(exchange='logs', queue=queue_name)

print(' [*] Waiting for logs. To exit press CTRL+C')
if is_old:
    channel.basic_consume(callback, queue=queue_name, no_ack=True)
else:
    channel.basic_consume(queue=queue_name, on_message_callback=callback, auto_ack=True)
channel.start_consuming()
