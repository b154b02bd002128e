//! The openidconnect crate as a web app of the compatible profile: discovery, code with
//! PKCE, ID token, userinfo, refresh and logout. It talks with the test as the programs
//! in node/ do: one JSON value per line (node/talk.mjs).

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreUserInfoClaims};
use openidconnect::{
    reqwest, AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, LogoutRequest, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, Scope,
    TokenResponse,
};
use serde_json::{json, Value};
use std::collections::HashMap;
use std::error::Error;
use std::io::{stdin, BufRead, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let world = heard()?;
    let text = |name: &str| world[name].as_str().unwrap_or_default().to_string();
    let http = reqwest::blocking::ClientBuilder::new().redirect(reqwest::redirect::Policy::none()).build()?;

    let metadata = ProviderMetadataWithLogout::discover(&IssuerUrl::new(text("issuer"))?, &http)?;
    let end_session = metadata.additional_metadata().end_session_endpoint.clone().ok_or("nowhere to log out")?;
    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new(text("client_id")),
        Some(ClientSecret::new(text("client_secret"))),
    )
    .set_redirect_uri(RedirectUrl::new(text("redirect_uri"))?);

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (address, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["profile", "offline_access"].map(|name| Scope::new(name.to_string())))
        .set_pkce_challenge(challenge)
        .url();
    let back = browse(address.as_str(), "log in")?;
    must(back["state"] == *state.secret(), "came back with another state")?;

    let tokens = client
        .exchange_code(AuthorizationCode::new(back["code"].clone()))?
        .set_pkce_verifier(verifier)
        .request(&http)?;
    let id_token = tokens.id_token().ok_or("no ID token")?;
    let checks = client.id_token_verifier();
    let claims = id_token.claims(&checks, &nonce)?;
    let hash = AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg()?,
        id_token.signing_key(&checks)?,
    )?;
    must(claims.access_token_hash() == Some(&hash), "at_hash belongs to another access token")?;
    let userinfo: CoreUserInfoClaims =
        client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()))?.request(&http)?;

    let refresh_token = tokens.refresh_token().ok_or("no refresh token")?;
    let fresh = client.exchange_refresh_token(refresh_token)?.request(&http)?;
    let rotated = fresh.refresh_token().ok_or("the refresh token does not rotate")?;
    let again: CoreUserInfoClaims = client.user_info(fresh.access_token().clone(), None)?.request(&http)?;

    let leave = LogoutRequest::from(end_session)
        .set_id_token_hint(id_token)
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(text("post_logout_redirect_uri"))?)
        .http_get_url();
    browse(leave.as_str(), "log out")?;
    must(client.exchange_refresh_token(rotated)?.request(&http).is_err(), "a refresh token outlived the logout")?;

    say(json!({"done": {
        "claims": serde_json::to_value(claims)?, "userinfo": serde_json::to_value(&userinfo)?, "again": again.subject().as_str(),
    }}))
}

/// The next line of the test.
fn heard() -> Result<Value, Box<dyn Error>> {
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

fn say(message: Value) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{message}")?;
    Ok(out.flush()?)
}

/// Lets a person go to an address; gives what the browser brought back.
fn browse(address: &str, to: &str) -> Result<HashMap<String, String>, Box<dyn Error>> {
    say(json!({"open": address, "to": to}))?;
    let back = reqwest::Url::parse(heard()?["back"].as_str().ok_or("nothing came back")?)?;
    Ok(back.query_pairs().into_owned().collect())
}

fn must(holds: bool, otherwise: &str) -> Result<(), Box<dyn Error>> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
