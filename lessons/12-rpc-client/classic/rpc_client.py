#!/usr/bin/env python
"""A client that asks a server, for Pika 0.11 and 1.x: it knows no AMQP_URL, and connects to localhost.

Unlike the tutorial's own, it waits on after a foreign answer, gives up after a time, and closes its connection."""
import sys
import time
import uuid

import pika

LIMIT = 3


class FibonacciClient(object):
    def __init__(self, port):
        self.connection = pika.BlockingConnection(pika.ConnectionParameters(host='localhost', port=port))
        self.channel = self.connection.channel()
        result = self.channel.queue_declare(queue='', exclusive=True)
        self.callback_queue = result.method.queue
        if pika.__version__.startswith('0.'):
            self.channel.basic_consume(self.on_response, queue=self.callback_queue, no_ack=True)
        else:
            self.channel.basic_consume(queue=self.callback_queue, on_message_callback=self.on_response, auto_ack=True)
        self.response = None
        self.corr_id = None

    def on_response(self, ch, method, props, body):
        if self.corr_id == props.correlation_id:
            self.response = body

    def call(self, n):
        self.response = None
        self.corr_id = str(uuid.uuid4())
        self.channel.basic_publish(exchange='',
                                   routing_key='rpc_queue',
                                   properties=pika.BasicProperties(reply_to=self.callback_queue,
                                                                   correlation_id=self.corr_id),
                                   body=str(n))
        deadline = time.time() + LIMIT
        while self.response is None and time.time() < deadline:
            self.connection.process_data_events(time_limit=0.1)
        return self.response


number = sys.argv[2] if len(sys.argv) > 2 else '30'
client = FibonacciClient(int(sys.argv[1]))
print(" [x] Requesting fib(%s)" % number)
answer = client.call(number)
if answer is None:
    sys.stderr.write("no answer within %d s: is a server running?\n" % LIMIT)
    sys.exit(1)
print(" [.] Got %s" % answer.decode())
client.connection.close()
