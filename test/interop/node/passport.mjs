// passport-openidconnect in an Express app: the strategy as its README sets it up. It
// has no refresh and no logout of its own; the app ends its session.
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import OpenIDConnectStrategy from 'passport-openidconnect'

const { default: settings } = await import(process.env.SETTINGS)

const verify = (issuer, uiProfile, idProfile, context, idToken, accessToken, refreshToken, params, verified) =>
  verified(null, {
    claims: JSON.parse(Buffer.from(idToken.split('.')[1], 'base64url')),
    userinfo: { ...uiProfile._json, name: uiProfile.displayName },
  })
passport.use('avain', new OpenIDConnectStrategy(settings, verify))
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
app.use(session({ secret: 'only a test', resave: false, saveUninitialized: false }))
app.use(passport.session())
app.get('/login', passport.authenticate('avain'))
app.get('/callback', passport.authenticate('avain', { successRedirect: '/', failWithError: true }))
app.get('/', (request, response) => (request.user ? response.json(request.user) : response.redirect('/login')))
app.get('/logout', (request, response, next) => request.logout((error) => (error ? next(error) : response.send('bye'))))
app.listen(Number(process.env.PORT), 'localhost')
