#!/usr/bin/env python
"""The classic receiver of some severities, for Pika 0.11 and 1.x: it knows no AMQP_URL, and connects to localhost."""
import sys

import pika


def callback(ch, method, properties, body):
    print(" [x] %r:%r" % (method.routing_key, body))


parameters = pika.ConnectionParameters(host='localhost', port=int(sys.argv[1]))
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
is_old = pika.__version__.startswith('0.')
channel.exchange_declare(exchange='direct_logs', exchange_type='direct')
result = channel.queue_declare(queue='', exclusive=True)
queue_name = result.method.queue

severities = sys.argv[2:]
if not severities:
    sys.stderr.write("Usage: %s [info] [warning] [error]\n" % sys.argv[0])
    sys.exit(1)
for severity in severities:
    channel.queue_bind(exchange='direct_logs', queue=queue_name, routing_key=severity)

print(' [*] Waiting for logs. To exit press CTRL+C')
if is_old:
    channel.basic_consume(callback, queue=queue_name, no_ack=True)
else:
    channel.basic_consume(queue=queue_name, on_message_callback=callback, auto_ack=True)
channel.start_consuming()
