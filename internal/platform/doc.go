// Package platform is the folder of what carries the service and says nothing about logins:
// web (pages, errors, limits), store (the two databases), mail, jobs, webhook, backchannel,
// audit (the security log), telemetry, apikey, keyset, passhash, browsersession, notify
// (who waits for news), refresh (values that are read again now and then), geoip, outbound,
// connlimit, crowd, expiry, steady and bcp195 (TLS).
//
// Which of them read which others is written down in testkit/archtest.
package platform
