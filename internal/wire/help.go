package wire

import "time"

// commentsKept is how long what people wrote on the help pages is kept.
const commentsKept = 180 * 24 * time.Hour
