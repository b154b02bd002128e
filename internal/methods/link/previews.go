package link

import (
	"net/http"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

// Previews are the pages of this package with sample data, for [web.Kit.Gallery].
func (v *Views) Previews() []web.Preview {
	about := About{App: "SmartumPay", Device: "Ainon puhelin (Pixel 9)", Place: "Helsinki", Started: time.Date(2026, 11, 22, 12, 34, 0, 0, time.UTC)}
	return []web.Preview{
		{Name: "link", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderLink(w, r, LinkPage{Path: "/demo/pages/link", About: about})
		}},
		{Name: "confirm", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderConfirm(w, r, ConfirmPage{Attempt: "sample", Name: "Aino V.", About: about})
		}},
		{Name: "return", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderReturn(w, r, ReturnPage{App: "http://localhost:8081/return", Digits: "471108", About: about})
		}},
		{Name: "return-direct", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderReturn(w, r, ReturnPage{Confirm: "/login/sample/confirm", About: about})
		}},
		{Name: "refused", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderRefused(w, r, login.Attempt{})
		}},
	}
}
