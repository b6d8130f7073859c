//! Checks whether Kisi answers, without a login.

use jiff::Timestamp;
use reqwest::{Method, Response, header};

use super::{
    CONNECT_TIMEOUT, Client, Error, READ_TIMEOUT,
    response::{body, is_html, not_kisi, success},
};

impl Client {
    /// Reads Kisi's time from the `Date` header, to the second. `None` without a readable header.
    ///
    /// It sends `OPTIONS /login` without a login: the request has no effect, every HTTP server answers it with some status,
    /// and the connection stays open for the next request. Kisi does not document its response to `OPTIONS`, so any
    /// answer counts that a box in between is not known to give. [`Self::prove`] is stricter.
    ///
    /// # Errors
    ///
    /// No response; a web page, a redirect, or another response that is not Kisi's ([`Error::NotKisi`]); a gateway error.
    pub async fn time(&self) -> Result<Option<Timestamp>, Error> {
        let answer = self.send_without_login(Method::OPTIONS, "login", "OPTIONS /login").await?;
        let (status, not_kisi) = (answer.status(), not_kisi(&answer));
        if is_html(&answer) || status.is_redirection() || matches!(status.as_u16(), 407 | 451 | 511) {
            return Err(not_kisi);
        }
        let date = date(&answer);
        // An OPTIONS that Kisi does not support may be refused in any form without a body.
        if status.is_client_error() && answer.content_length() == Some(0) {
            return Ok(date);
        }
        match success(answer).await {
            Ok(answer) => body(answer).await.map(|_| date),
            // A server that does not support OPTIONS may answer with 500 or 501.
            Err(Error::Refused { .. } | Error::Failed { status: 500 | 501, .. }) => Ok(date),
            Err(error) => Err(error),
        }
    }

    /// Like [`Self::time`], but accepts only a response that has the form of Kisi's.
    ///
    /// It sends the request for the list of doors without a login, which Kisi refuses with its error body: a filter may
    /// let other paths pass. Kisi asks not to repeat refused requests, so use this only when in doubt.
    ///
    /// # Errors
    ///
    /// As [`Self::time`].
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /locks`: 401 with an error body.
    pub async fn prove(&self) -> Result<Option<Timestamp>, Error> {
        let answer = self.send_without_login(Method::GET, "locks", "GET /locks").await?;
        let (date, not_kisi) = (date(&answer), not_kisi(&answer));
        match success(answer).await {
            Ok(_) => Err(not_kisi),
            Err(Error::Refused { .. }) => Ok(date),
            Err(error) => Err(error),
        }
    }

    async fn send_without_login(&self, method: Method, path: &str, operation: &'static str) -> Result<Response, Error> {
        let request = self.http.request(method, self.url(&[path])).timeout(CONNECT_TIMEOUT + READ_TIMEOUT);
        self.send(operation, request.header(header::ACCEPT, "application/json")).await
    }
}

fn date(answer: &Response) -> Option<Timestamp> {
    let date = answer.headers().get(header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp())
}
