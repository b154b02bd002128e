package bank

import (
	"net/http"
	"net/url"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

// Previews are the pages of a login with sample data: invented banks, an invented
// person.
func (v *Views) Previews() []web.Preview {
	const app = "http://localhost:8081/?error=access_denied"
	means := func(change func(*MeansPage)) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			p := sampleMeans(v.kit.Language(r))
			change(&p)
			return v.RenderMeans(w, r, p)
		}
	}
	failed := func(reason login.Reason) web.Handler {
		return means(func(p *MeansPage) { p.Failed = reason })
	}
	ended := func(reason login.Reason) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderEnded(w, r, EndedPage{Reason: reason, App: app})
		}
	}
	return []web.Preview{
		{Name: "means", Render: means(func(*MeansPage) {})},
		{Name: "means-cancelled", Render: failed(login.ReasonCancelledAtBroker)},
		{Name: "means-timeout", Render: failed(login.ReasonBrokerTimeout)},
		{Name: "means-broker-down", Render: means(func(p *MeansPage) {
			p.Failed = login.ReasonBrokerDown
			p.Means[1].Unavailable = login.ReasonBrokerDown
			p.Means[3].Unavailable = login.ReasonMeansUnavailable
		})},
		{Name: "means-disturbance", Render: means(func(p *MeansPage) { p.Notices = sampleNotices() })},
		{Name: "means-closed", Render: means(func(p *MeansPage) {
			p.Notices, p.Closed, p.Better = sampleNotices(), true, login.MethodLink
			for i := range p.Means {
				p.Means[i].Unavailable = login.ReasonMeansUnavailable
			}
		})},
		{Name: "means-none", Render: means(func(p *MeansPage) {
			for i := range p.Means {
				p.Means[i].Unavailable = login.ReasonBrokerDown
			}
		})},
		{Name: "waiting", Render: v.RenderWaiting},
		{Name: "handover", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderPost(w, r, PostPage{Action: "http://localhost:8082/authorize", Fields: url.Values{"request": {"sample"}}})
		}},
		{Name: "no-benefits", Render: func(w http.ResponseWriter, r *http.Request) error {
			name := web.MaskedName(login.Identity{GivenName: "Maija Liisa", FamilyName: "Meikäläinen"})
			return v.RenderNoBenefits(w, r, NoBenefitsPage{Name: name, App: app})
		}},
		{Name: "ended-used", Render: ended(login.ReasonAttemptUsed)},
		{Name: "ended-expired", Render: ended(login.ReasonAttemptExpired)},
		{Name: "ended-cancelled", Render: ended(login.ReasonCancelledByPerson)},
		{Name: "ended-locked", Render: ended(login.ReasonPersonLocked)},
	}
}

func sampleMeans(lang string) MeansPage {
	p := MeansPage{
		Attempt: "AAAAAAAAAAAAAAAAAAAAAA", Client: "SmartumPay",
		Brokers: []BrokerNote{sampleNote(lang)},
	}
	for _, name := range []string{"Kuikka Pankki", "Revontuli", "Saaristo Bank", "Metsäpankki", "Koivu", "Ruskasäästöpankki", "Halla"} {
		p.Means = append(p.Means, Choice{Means: login.Means{ID: "sample", Kind: login.MeansBank, Name: name}})
	}
	mobile := map[string]string{web.Finnish: "Mobiilivarmenne", web.Swedish: "Mobilcertifikat", web.English: "Mobile Certificate"}[lang]
	p.Means = append(p.Means, Choice{Means: login.Means{ID: "mobile", Kind: login.MeansMobile, Name: mobile}})
	return p
}

func sampleNote(lang string) BrokerNote {
	notes := map[string]BrokerNote{
		web.Finnish: {
			"Tunnistuksen välittää Esimerkkivälitys Oy.", "Kun jatkat, palvelulle välitetään nimesi ja henkilötunnuksesi.",
			"Näin Esimerkkivälitys käsittelee tietojasi", "",
		},
		web.Swedish: {
			"Identifieringen förmedlas av Esimerkkivälitys Oy.", "När du fortsätter förmedlas ditt namn och din personbeteckning till tjänsten.",
			"Så behandlar Esimerkkivälitys dina uppgifter", "",
		},
		web.English: {
			"The identification is brokered by Esimerkkivälitys Oy.", "By continuing, your name and personal identity code are passed on to the service.",
			"How Esimerkkivälitys processes your data", "",
		},
	}
	note := notes[lang]
	note.PrivacyLink = "https://broker.example/privacy"
	return note
}

func sampleNotices() []operations.Notice {
	return []operations.Notice{{
		ID: "sample", Severity: operations.SeverityWarning, Words: map[string]operations.NoticeWords{
			web.Finnish: {
				Title: "Häiriö Revontulen tunnistautumisessa",
				Text:  "Tunnistautuminen Revontulen tunnuksilla voi epäonnistua tänään klo 18 asti.\nPahoittelemme häiriötä.",
			},
			web.Swedish: {
				Title: "Störning i Revontulis identifiering",
				Text:  "Identifieringen med Revontulis koder kan misslyckas i dag till kl. 18.\nVi beklagar störningen.",
			},
			web.English: {
				Title: "Disturbance at Revontuli",
				Text:  "Identification with Revontuli may fail today until 6 p.m.\nWe are sorry for the trouble.",
			},
		},
	}}
}
