// Command bench measures the service from outside and prints the figures that
// docs/performance.md holds against their bars.
//
// What is measured is the program that would be installed: avain, built as for a
// release, in a process and on a core of its own, over HTTP, with SQLite on the disk
// of this machine. The identification broker is another process, and the phones and
// browsers are this one; they share the other cores. Nothing is taken from inside the
// service but what the system tells of every process: time on the core and memory.
//
// Files: main.go and output.go the command line; rig.go, process.go and host_*.go put
// the processes together; load.go keeps them busy; measure.go and the files beside it
// hold one measure each (console_fill.go makes the database of console.go); broker.go, crypto.go and service.go are what this program
// does when it starts itself again as one of the other processes.
package main
