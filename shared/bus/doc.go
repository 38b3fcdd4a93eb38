// Package bus serves objects on D-Bus the way the project's contract asks.
//
// A [Tree] holds the objects of one connection. An [Object] serves one or more
// interfaces, each described by a [contract.Interface]: its introspection XML is
// served as it stands in the file, its methods are checked against it when they
// are added, and a call is checked against it before any of our code sees it.
//
// Promised:
//   - A method or property that the contract calls privileged is for uid 0, as the
//     bus itself says who calls.
//   - Errors have names. Those of D-Bus itself are the standard ones; a method's own
//     come from a table given with the methods.
//   - A panic in a method ends that call with an error and a log line, not the process.
//   - Every call has a deadline; one client can have only so many calls under way.
//   - PropertiesChanged is sent once for each [Properties.Set] that changes something,
//     after Get shows the new values.
//
// Not promised: that methods are called one after the other. Each call runs in a
// goroutine of its own.
package bus
