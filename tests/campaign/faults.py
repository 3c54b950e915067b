# SPDX-License-Identifier: Apache-2.0
"""The faults. They happen one after another, and each is repaired before the next. The history records each
fault, the nodes that it cuts off from the others, and its duration."""

import random
import signal
import time

from cluster import wait_until


class Faults:
    def __init__(self, cluster, write, random_seed, only=None):
        """`only` holds the names of the wanted faults. None means all."""
        self.cluster, self.write, self.random = cluster, write, random.Random(random_seed)
        self.all = [
            self.kill_a_node,
            self.restart_a_node,
            self.freeze_a_node,
            self.part_a_node_from_the_database,
            self.part_a_node_from_clients,
            self.skew_a_clock,
            self.rotate_keys,
            self.crash_the_database,
            self.part_the_database,
            self.fail_over,
        ]
        if only:
            self.all = [fault for fault in self.all if self.name_of(fault) in only]
        self.done = {}
        self._upcoming = []

    @staticmethod
    def name_of(fault):
        return fault.__name__.replace("_", " ")

    def one(self):
        """Causes the next fault. Every kind comes once, in random order, before a kind comes again."""
        if not self._upcoming:
            self._upcoming = self.random.sample(self.all, len(self.all))
        fault = self._upcoming.pop()
        self.nodes = list(self.cluster.nodes)
        self.began = time.time()
        nodes = fault() or []
        name = self.name_of(fault)
        self.write(
            {
                "op": "fault",
                "name": name,
                "nodes": [node.name for node in nodes],
                "from": self.began,
                "to": time.time(),
            }
        )
        self.done[name] = self.done.get(name, 0) + 1

    def _node(self):
        return self.random.choice(self.cluster.nodes)

    def _wait(self, least, most):
        time.sleep(self.random.uniform(least, most))

    def _until_ready(self, nodes):
        for node in nodes:
            wait_until(lambda node=node: self.cluster.answers(node), f"{node.name} is ready again")

    def _until_followed(self):
        """Waits for the standby, because nothing commits before it follows again, even if the nodes are
        ready."""
        wait_until(self.cluster.primary.is_followed, "the standby is back")

    def kill_a_node(self):
        node = self._node()
        node.kill()
        self._wait(0, 1)
        node.start()
        self._until_ready([node])
        return [node]

    def restart_a_node(self):
        node = self._node()
        node.stop()
        node.start()
        self._until_ready([node])
        return [node]

    def freeze_a_node(self):
        node = self._node()
        node.signal(signal.SIGSTOP)
        self._wait(1, 4)
        node.signal(signal.SIGCONT)
        return [node]

    def _cut(self, host, side, most):
        self.cluster.network.cut(host, side)
        self._wait(1, most)
        self.cluster.network.mend(host, side)

    def part_a_node_from_the_database(self):
        node = self._node()
        self._cut(node.host, "back", 5)
        self._until_ready([node])
        return [node]

    def part_a_node_from_clients(self):
        """The node still gets all revocations."""
        node = self._node()
        self._cut(node.host, "front", 3)

    def skew_a_clock(self):
        """The clock jumps, stays wrong for a while and jumps back, and this must have no effect."""
        node = self._node()
        node.clock.set(self.random.choice([-30, 30]))
        self._wait(2, 4)
        if self.random.random() < 0.5:  # the node starts with a wrong clock
            node.kill()
            node.start()
            self._until_ready([node])
            node.clock.set(0)
            return [node]
        node.clock.set(0)
        return None

    def rotate_keys(self):
        self._node().command("key", "rotate")
        self._wait(1, 2)

    def crash_the_database(self):
        self.cluster.primary.crash()
        self._wait(0, 2)
        self.cluster.primary.start()
        self._until_followed()
        self._until_ready(self.nodes)
        return self.nodes

    def part_the_database(self):
        """Cuts the primary off from the nodes and from its standby."""
        self._cut(self.cluster.primary.host, "back", 4)
        self._until_followed()
        self._until_ready(self.nodes)
        return self.nodes

    def fail_over(self):
        self.cluster.fail_over()
        self._until_ready(self.nodes)
        ended = self.nodes
        self.cluster.give_standby()
        self._until_ready(self.nodes)
        return ended
