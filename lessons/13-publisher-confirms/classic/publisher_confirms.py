#!/usr/bin/env python
"""Publishes 250 messages in three ways, and follows each to its confirm. There is no public Python program for this."""
import sys
import time

import pika

COUNT, BATCH = 250, 100
LINES = ['Published %d messages individually in %d ms', 'Published %d messages in batch in %d ms',
         'Published %d messages and handled confirms asynchronously in %d ms']


class Publisher(object):
    def __init__(self, parameters):
        self.code = 1
        self.way = -1
        self.sent = 0  # on this channel: the number of the last message
        self.connection = pika.SelectConnection(
            parameters, on_open_callback=self.on_open, on_open_error_callback=self.on_end,
            on_close_callback=self.on_end)

    def on_open(self, connection):
        connection.channel(on_open_callback=self.on_channel)

    def on_channel(self, channel):
        self.channel = channel
        channel.add_on_close_callback(self.on_channel_end)
        channel.add_on_return_callback(self.on_return)
        channel.confirm_delivery(self.on_confirm)
        channel.queue_declare(queue='', exclusive=True, callback=self.on_queue)

    def on_queue(self, frame):
        self.queue = frame.method.queue
        self.begin_way()

    def begin_way(self):
        self.way += 1
        self.next, self.taken, self.open, self.returned = 0, 0, {}, set()
        self.begin = time.time()
        self.publish()

    def publish(self):
        limit = [1, BATCH, COUNT][self.way]
        # A batch begins when all messages of the one before it are confirmed.
        if self.way < 2 and self.open:
            return
        for _ in range(min(limit, COUNT - self.next)):
            self.sent += 1
            self.open[self.sent] = str(self.next)
            self.channel.basic_publish(exchange='', routing_key=self.queue, body=str(self.next), mandatory=True)
            self.next += 1

    def on_return(self, channel, method, properties, body):
        # The confirm of this message comes right after it.
        self.returned.add(body.decode())
        sys.stderr.write('message %s came back: %s\n' % (body.decode(), method.reply_text))

    def on_confirm(self, frame):
        confirm = frame.method
        last = confirm.delivery_tag
        for number in sorted(self.open):
            if number == last or confirm.multiple and number < last:
                body = self.open.pop(number)
                if isinstance(confirm, pika.spec.Basic.Nack):
                    sys.stderr.write('nack: message %s is refused\n' % body)
                elif body not in self.returned:
                    self.taken += 1
        if self.next < COUNT or self.open:
            return self.publish()
        print(LINES[self.way] % (self.taken, (time.time() - self.begin) * 1000))
        sys.stdout.flush()
        if self.way < 2:
            self.begin_way()
        else:
            self.code = 0
            self.connection.close()

    def on_channel_end(self, channel, *reason):
        if self.code:
            sys.stderr.write('the channel ended: %s\n' % (reason,))
            if self.connection.is_open:
                self.connection.close()

    def on_end(self, connection, *reason):
        if self.code:
            sys.stderr.write('the connection ended: %s\n' % (reason,))
        self.connection.ioloop.stop()


port = int(sys.argv[1]) if len(sys.argv) > 1 else 5672
publisher = Publisher(pika.ConnectionParameters(host='localhost', port=port))
publisher.connection.ioloop.start()
sys.exit(publisher.code)
