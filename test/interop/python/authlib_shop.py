"""Authlib's Flask integration as its documentation begins, with refresh and logout."""

import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session, url_for
from werkzeug.serving import make_server

app = Flask(__name__)
app.secret_key = os.urandom(16)
tokens = {}  # of people, by sub; a cookie is too small


def update_token(name, token, refresh_token=None, access_token=None):
    tokens[session["sub"]].update(token)


oauth = OAuth(app, update_token=update_token)
with open(os.environ["SETTINGS"]) as settings:
    exec(settings.read())


@app.get("/")
def home():
    if "sub" not in session:
        return redirect(url_for("login"))
    token = tokens[session["sub"]]
    return {"claims": token["userinfo"], "userinfo": oauth.avain.userinfo(token=token)}


@app.get("/login")
def login():
    return oauth.avain.authorize_redirect(url_for("callback", _external=True))


@app.get("/callback")
def callback():
    token = oauth.avain.authorize_access_token()
    session["sub"] = token["userinfo"]["sub"]
    tokens[session["sub"]] = token
    return redirect(url_for("home"))


@app.get("/refresh")
def refresh():
    """Makes the access token look over: the library renews it before the next call."""
    token = tokens[session["sub"]]
    old = token["access_token"]
    token["expires_at"] = 1
    again = oauth.avain.userinfo(token=token)
    if tokens[session["sub"]]["access_token"] == old:
        return "the access token is the old one", 500
    return {"sub": again["sub"]}


@app.get("/logout")
def logout():
    hint = tokens.pop(session.pop("sub"))["id_token"]
    return oauth.avain.logout_redirect(post_logout_redirect_uri=url_for("bye", _external=True), id_token_hint=hint)


@app.get("/bye")
def bye():
    oauth.avain.validate_logout_response()
    return "bye"


make_server("localhost", int(os.environ["PORT"]), app, threaded=True).serve_forever()
