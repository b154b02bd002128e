"use strict";
// The console's own script: passkeys, which no page can use without one.
