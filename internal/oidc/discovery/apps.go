package discovery

import (
	"net/http"

	"avain/internal/platform/web"
)

// Apps are the apps on phones that may open our addresses.
type Apps struct {
	Android []AndroidApp
	IOS     []string // application identifiers: TEAMID.bundle.id
	Harmony []string // app ids of AppGallery Connect
}

// AndroidApp is an app as Android knows it.
type AndroidApp struct {
	Package      string
	Fingerprints []string // SHA-256 of its signing certificates, "AB:CD:…"
}

// claimed lists all addresses that an app may open. Never a broker's callback, a login
// page or a login link: those belong to the browser that holds the cookie, and an app
// that took one would break the login or see what is none of its business (threat 29).
func claimed() []component {
	return []component{{Path: "/return"}, {Path: "/open"}, {Path: "*", Exclude: true}}
}

// component is a pattern of Apple's and of Android's dynamic app links: the first one
// that matches decides.
type component struct {
	Path    string `json:"/"`
	Exclude bool   `json:"exclude,omitempty"`
}

// mountApps serves the three files. They are read by the makers' servers, directly at
// these addresses: a redirect would make them worthless.
func (f *Feature) mountApps(mux *http.ServeMux) {
	for path, file := range map[string]any{
		"/.well-known/assetlinks.json":            f.assetLinks(),
		"/.well-known/apple-app-site-association": f.appleAssociation(),
		"/.well-known/applinking.json":            f.appLinking(),
	} {
		mux.Handle("GET "+path, f.d.Web.Problem(func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Cache-Control", "public, max-age=300")
			web.WriteJSON(w, http.StatusOK, file)
			return nil
		}))
	}
}

const handleAllURLs = "delegate_permission/common.handle_all_urls"

// statement is one of Digital Asset Links. Which paths an app takes is for its
// manifest to say; Android 15 and newer also heed the extension.
type statement struct {
	Relation   []string                          `json:"relation"`
	Target     target                            `json:"target"`
	Extensions map[string]map[string][]component `json:"relation_extensions"`
}

type target struct {
	Namespace    string   `json:"namespace"`
	Package      string   `json:"package_name"`
	Fingerprints []string `json:"sha256_cert_fingerprints"`
}

func (f *Feature) assetLinks() []statement {
	all := make([]statement, 0, len(f.d.Apps.Android)) // no app: [], not null
	for _, a := range f.d.Apps.Android {
		all = append(all, statement{
			Relation:   []string{handleAllURLs},
			Target:     target{Namespace: "android_app", Package: a.Package, Fingerprints: a.Fingerprints},
			Extensions: map[string]map[string][]component{handleAllURLs: {"dynamic_app_link_components": claimed()}},
		})
	}
	return all
}

type appleFile struct {
	AppLinks appleLinks `json:"applinks"`
}

type appleLinks struct {
	Details []appleDetail `json:"details"`
}

type appleDetail struct {
	AppIDs     []string    `json:"appIDs"`
	Components []component `json:"components"`
}

func (f *Feature) appleAssociation() appleFile {
	file := appleFile{appleLinks{Details: []appleDetail{}}}
	if len(f.d.Apps.IOS) > 0 {
		file.AppLinks.Details = append(file.AppLinks.Details, appleDetail{f.d.Apps.IOS, claimed()})
	}
	return file
}

type harmonyFile struct {
	AppLinking harmonyLinks `json:"applinking"`
}

type harmonyLinks struct {
	Apps []harmonyApp `json:"apps"`
}

type harmonyApp struct {
	ID string `json:"appIdentifier"`
}

// appLinking is HarmonyOS's file; the paths are in the app's module.json5.
func (f *Feature) appLinking() harmonyFile {
	file := harmonyFile{harmonyLinks{Apps: []harmonyApp{}}}
	for _, id := range f.d.Apps.Harmony {
		file.AppLinking.Apps = append(file.AppLinking.Apps, harmonyApp{id})
	}
	return file
}
