// Package daemon is what every resinOS daemon is made of, so that a daemon is its
// own domain and nothing else.
//
// [Main] reads the flags, makes the logger and connects to the bus; the daemon's
// run function builds its domain on the [Daemon] it is given and ends in
// [Daemon.Serve], which goes one way, over and over:
//
//	config.json -> apply -> read back -> properties
//
// Promised, in this order: every object is exported; then the bus name is owned;
// then the configuration is applied for the first time, for 5 seconds at most;
// then READY=1. From then on each change of config.json, each [Daemon.Trigger] and
// each call of Reconcile makes one apply; failures are tried again. The watchdog is
// fed only after a call to ourselves over the bus came back. SIGTERM and SIGINT
// stop cleanly; a lost bus or a lost name is an error, and the process ends with 1.
//
// Beside its own interface each daemon serves io.resinos.Service1 on the same
// object, and org.freedesktop.LogControl1.
package daemon
