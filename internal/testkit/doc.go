// Package testkit is the folder of what stands beside the service and is never part of it:
// demo (everything in one process, for make demo and for tests), brokersim (simulated
// brokers), robot (a phone app and its browser as a program), loopback (clients and servers
// of this machine), patience (how long a test waits) and archtest (this picture as a test).
package testkit
