package browser_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"

	control "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// What the camera sees, in pixels, and how it is held: nobody holds a phone straight.
const (
	cameraWidth  = 640
	cameraHeight = 480
	cameraTilt   = 4 * math.Pi / 180
)

// cameraHeader begins a video of uncompressed pictures. Chromium reads the next one
// from the file each time, and begins again at its end.
const cameraHeader = "YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420\nFRAME\n"

// camera is the camera of a browser: a video of one picture, which stands in the file
// that chromium shows instead of a camera. Pointing it elsewhere writes over it.
type camera struct{ path string }

// newBrowserWithCamera starts a browser on a phone whose camera looks at a desk.
func (w *world) newBrowserWithCamera() *browser {
	w.Helper()
	c := &camera{path: filepath.Join(w.TempDir(), "camera.y4m")}
	if err := c.point(desk()); err != nil {
		w.Fatal(err)
	}
	b := w.newBrowserIn(filepath.Join(w.TempDir(), "chromium"),
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", c.path))
	b.camera = c
	return b
}

// newBrowserWithoutCamera starts one on a device that has none.
func (w *world) newBrowserWithoutCamera() *browser {
	w.Helper()
	return w.newBrowserIn(filepath.Join(w.TempDir(), "chromium"), chromedp.Flag("use-fake-device-for-media-stream", "device-count=0"))
}

func desk() image.Image { return &image.Gray{Pix: []byte{90}, Stride: 1, Rect: image.Rect(0, 0, 1, 1)} }

// point lets the camera look at a picture, which lies on a grey desk.
func (c *camera) point(at image.Image) error {
	const luma, chroma = cameraWidth * cameraHeight, cameraWidth * cameraHeight / 2
	video := append([]byte(cameraHeader), bytes.Repeat([]byte{128}, luma+chroma)...)
	seen := video[len(cameraHeader):]
	box := at.Bounds().Canon()
	scale := float64(max(box.Dx(), box.Dy())) / (cameraHeight * 0.8)
	sin, cos := math.Sincos(cameraTilt)
	for y := range cameraHeight {
		for x := range cameraWidth {
			dx, dy := float64(x-cameraWidth/2)*scale, float64(y-cameraHeight/2)*scale
			spot := image.Pt(int(cos*dx+sin*dy)+(box.Min.X+box.Max.X)/2, int(cos*dy-sin*dx)+(box.Min.Y+box.Max.Y)/2)
			light := uint8(110 + y/16) // the desk
			if spot.In(box) {
				light = color.GrayModel.Convert(at.At(spot.X, spot.Y)).(color.Gray).Y
			}
			seen[y*cameraWidth+x] = 16 + uint8(int(light)*219/255) // the range of video, ITU-R BT.601
		}
	}
	file, err := os.OpenFile(c.path, os.O_WRONLY|os.O_CREATE, 0o600) // not made anew: chromium may be reading
	if err != nil {
		return err
	}
	_, err = file.WriteAt(video, 0)
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// film takes a picture of an element as the screen shows it.
func (b *tab) film(selector string) image.Image {
	b.Helper()
	picture, err := png.Decode(bytes.NewReader(b.snap(selector)))
	b.must(err)
	return picture
}

// snap is film, as a file.
func (b *tab) snap(selector string) []byte {
	b.Helper()
	b.seeElement(selector)
	box := value[page.Viewport](b, `(({ x, y, width, height }) => ({ x: x + scrollX, y: y + scrollY, width, height, scale: 2 }))(document.querySelector(`+quote(selector)+`).getBoundingClientRect())`)
	shot, err := ask(b, page.CaptureScreenshot, page.CaptureScreenshotParams{Clip: &box, CaptureBeyondViewport: new(true)})
	b.must(err)
	return shot.Data
}

// allowCamera is the person's answer to the browser's question.
func (p *person) allowCamera(setting control.PermissionSetting) {
	p.Helper()
	_, err := chromedp.Call(p.ctx, control.SetPermission, control.SetPermissionParams{
		Permission: &control.PermissionDescriptor{Name: "camera"}, Setting: setting, Origin: p.world.App, BrowserContextID: p.context,
	})
	if err != nil {
		p.Fatal(err)
	}
}

// point holds the phone before a picture.
func (b *tab) point(at image.Image) {
	b.Helper()
	b.must(b.camera.point(at))
}

// lookAtDesk lays the phone down.
func (b *tab) lookAtDesk() {
	b.Helper()
	b.point(desk())
}

// upload chooses a picture from the phone's gallery.
func (b *tab) upload(picture []byte) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "picture.png")
	b.must(os.WriteFile(path, picture, 0o600))
	found, err := ask(b, runtime.Evaluate, runtime.EvaluateParams{Expression: `document.querySelector("[data-testid=scan-upload]")`})
	b.must(err)
	if found.Result.ObjectID == "" {
		b.fail("there is no field for a picture")
	}
	b.must(call(b, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, ObjectID: found.Result.ObjectID}))
}

// hasID reports whether something that the app calls by a test id is on the screen now.
func (b *tab) hasID(id string) bool {
	b.Helper()
	return value[bool](b, "(() => {"+pageScript+"return byID("+quote(id)+").length > 0})()")
}

// minimize puts the browser in the background, or brings it back.
func (b *tab) minimize(away bool) {
	b.Helper()
	state := control.WindowStateNormal
	if away {
		state = control.WindowStateMinimized
	}
	window, err := ask(b, control.GetWindowForTarget, control.GetWindowForTargetParams{})
	b.must(err)
	b.must(call(b, control.SetWindowBounds, control.SetWindowBoundsParams{WindowID: window.WindowID, Bounds: &control.Bounds{WindowState: state}}))
}
