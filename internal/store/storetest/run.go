package storetest

import (
	"testing"

	"avain/internal/store"
)

// Run runs the suite. open makes a fresh, migrated store that lives as long as the
// test that it is given.
func Run(t *testing.T, open func(t testing.TB) *store.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *store.Store){
		"Attempts":                   attempts,
		"AttemptCollisions":          attemptCollisions,
		"Standings":                  standings,
		"Timeline":                   timeline,
		"MoveConditions":             moveConditions,
		"MoveEffects":                moveEffects,
		"MovesFollowTheModel":        movesFollowTheModel,
		"MoveRace":                   moveRace,
		"Legs":                       legs,
		"LegRace":                    legRace,
		"LegsAreBounded":             legsAreBounded,
		"RedeemConditions":           redeemConditions,
		"Once":                       once,
		"OnceRace":                   onceRace,
		"Sessions":                   sessions,
		"UseSession":                 useSession,
		"RotateRefresh":              rotateRefresh,
		"RotateRace":                 rotateRace,
		"RevokeSession":              revokeSession,
		"Persons":                    persons,
		"PersonRace":                 personRace,
		"Benefits":                   benefits,
		"Emails":                     emails,
		"Budgets":                    budgets,
		"BudgetOfMove":               budgetOfMove,
		"BudgetGroups":               budgetGroups,
		"Recognised":                 recognised,
		"Threat42Outgrown":           outgrown,
		"Threat22BudgetRace":         budgetRace,
		"QRPages":                    qrPages,
		"QRTyped":                    qrTyped,
		"QRClaims":                   qrClaims,
		"Threat03QRClaimRace":        qrClaimRace,
		"QRPurge":                    qrPurge,
		"Jobs":                       jobs,
		"APIKeys":                    apiKeys,
		"Answers":                    answers,
		"Imports":                    imports,
		"Directory":                  directory,
		"JobKeys":                    jobKeys,
		"JobsRefused":                jobsRefused,
		"JobHolders":                 jobHolders,
		"JobRace":                    jobRace,
		"JobsFollowTheModel":         jobsFollowTheModel,
		"DeadJobs":                   deadJobs,
		"ForgottenJobs":              forgottenJobs,
		"JobsOfLogin":                jobsOfLogin,
		"SigningKeys":                signingKeys,
		"Audit":                      audit,
		"AuditSearch":                auditSearch,
		"AuditSearchInParts":         auditSearchInParts,
		"Feedback":                   feedback,
		"FeedbackComments":           feedbackComments,
		"Switches":                   switches,
		"Notices":                    notices,
		"NoticesKept":                noticesKept,
		"NoticeRace":                 noticeRace,
		"Tallies":                    tallies,
		"TalliesAddUp":               talliesAddUp,
		"Alerts":                     alerts,
		"AlertRace":                  alertRace,
		"Employers":                  employers,
		"Employments":                employments,
		"Invitations":                invitations,
		"Reminders":                  reminders,
		"Threat09ActivationRace":     activationRace,
		"SameHumanRace":              sameHumanRace,
		"Threat09OneRecordTwoHumans": oneRecordTwoHumans,
		"JoiningFollowsTheModel":     joiningFollowsTheModel,
		"Credentials":                credentials,
		"PasswordResets":             passwordResets,
		"PurgeExpires":               purgeExpires,
		"PurgeDeletes":               purgeDeletes,
		"Retention":                  retention,
		"ManyRetire":                 manyRetire,
		"Threat28HashesInFull":       hashesInFull,
		"Threat35TextsAreOnlyText":   textsAreOnlyText,
		"Staff":                      staff,
		"Passkeys":                   passkeys,
		"StaffSessions":              staffSessions,
		"Words":                      words,
		"DeskLooks":                  deskLooks,
		"GivenUp":                    givenUp,
		"Clock":                      clock,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}
