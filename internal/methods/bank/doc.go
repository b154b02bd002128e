// Package bank is where a person proves who they are: choose a means, go to the
// broker, come back.
//
// It owns the page of the means, the journey to the broker and back, and every page
// that tells a person in the browser why a login did not go on. What the broker says
// is checked in package broker; whom it means is found in package people; what it
// does to the attempt is decided in package attempt. When it is done, it hands back
// to the dispatcher of the feature authorize.
package bank
