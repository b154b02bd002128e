// Package qr is the way in by QR code, as far as it happens in the browser: the
// page that shows the code or its typed form, asks for the number that the phone
// shows, and says what became of the login.
//
// It draws the codes; what they say, who may claim one and what that begins is decided
// in package attempt. How the phone brings a code is the feature firstparty, who is
// signed in to the page, the feature home.
package qr
