#!/usr/bin/env python
"""A server of requests, for Pika 0.11 and 1.x: it knows no AMQP_URL, and connects to localhost.

Unlike the tutorial's own, it goes on after a request that is no number."""
import sys

import pika


def fib(n):
    this, following = 0, 1
    for _ in range(n):
        this, following = following, this + following
    return this


def on_request(ch, method, props, body):
    text = body.decode()
    print(" [.] fib(%s)" % text)
    sys.stdout.flush()
    if text.isdigit() and len(text) < 3:
        answer = str(fib(int(text)))
    else:
        answer = "error: not a number from 0 to 99"
    if props.reply_to:
        ch.basic_publish(exchange='',
                         routing_key=props.reply_to,
                         properties=pika.BasicProperties(correlation_id=props.correlation_id),
                         body=answer)
    ch.basic_ack(delivery_tag=method.delivery_tag)


parameters = pika.ConnectionParameters(host='localhost', port=int(sys.argv[1]))
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
is_old = pika.__version__.startswith('0.')
channel.queue_declare(queue='rpc_queue', durable=True, arguments={'x-queue-type': 'quorum'})
channel.basic_qos(prefetch_count=1)

if is_old:
    channel.basic_consume(on_request, queue='rpc_queue')
else:
    channel.basic_consume(queue='rpc_queue', on_message_callback=on_request)
print(" [x] Awaiting RPC requests")
sys.stdout.flush()
channel.start_consuming()
