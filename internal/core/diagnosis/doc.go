// Package diagnosis reads the timeline of a login and says what became of it: which
// entry of package reasons it comes to, where and when it stopped, in which browser,
// at which bank. It is total: whatever stands in a timeline, there is an answer.
//
// It writes nothing and asks nobody. Package attempt writes the timelines; the command
// avain explain and the support console show what is found here.
package diagnosis
