//! A browser without a screen or scripts: cookies, redirects within a site, forms as they stand in
//! the page. It plays the person in `mailgrant demo --unattended` and in tests.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::{Host, Url};

/// How long one page may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest page that is read.
const LARGEST: usize = 1024 * 1024;

/// How many redirects in a row are followed.
const MOST_REDIRECTS: usize = 10;

/// A browser with its cookies.
#[derive(Debug, Default)]
pub struct Browser {
    /// By host and name.
    cookies: BTreeMap<(String, String), String>,
}

/// A page, or a redirect that leads to another site.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// Its HTTP status.
    pub status: StatusCode,
    /// Its text.
    pub body: String,
    /// Where it sends the browser: to another site, for redirects within the site are followed.
    pub leads_to: Option<Url>,
}

impl Browser {
    /// Opens an address and follows redirects within the site.
    pub async fn open(&mut self, url: &str) -> io::Result<Page> {
        self.go(Url::parse(url).map_err(invalid)?, None).await
    }

    /// Fills in the form of a page that has the element `id` and sends it, as a press on that
    /// button would: with hidden fields, ticked boxes, `typed` fields (which take the place of either),
    /// and the button's own name and value.
    pub async fn press(
        &mut self,
        page: &Page,
        id: &str,
        typed: &[(&str, &str)],
    ) -> io::Result<Page> {
        let Some(form) = Form::around(&page.body, id) else {
            return Err(invalid(format!(
                "{} has no form with #{id}:\n{}",
                page.url, page.body
            )));
        };
        let mut fields = form.fields;
        fields.retain(|(name, _)| !typed.iter().any(|(typed, _)| typed == name));
        fields.extend(
            typed
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        self.go(page.url.join(&form.action).map_err(invalid)?, Some(fields))
            .await
    }

    async fn go(&mut self, url: Url, form: Option<Vec<(String, String)>>) -> io::Result<Page> {
        let (mut url, mut form) = (url, form);
        for _ in 0..MOST_REDIRECTS {
            let exchange = self.exchange(&url, form.take());
            let response = tokio::time::timeout(PATIENCE, exchange).await??;
            let next = leads_to(&response)?;
            let next = next
                .map(|next| url.join(next).map_err(invalid))
                .transpose()?;
            match next {
                Some(next) if next.origin() == url.origin() => url = next,
                leads_to => {
                    let status = response.status();
                    return Ok(Page {
                        url,
                        status,
                        body: response.into_body(),
                        leads_to,
                    });
                }
            }
        }
        Err(io::Error::other(format!(
            "{MOST_REDIRECTS} redirects, the last to {url}"
        )))
    }

    async fn exchange(
        &mut self,
        url: &Url,
        form: Option<Vec<(String, String)>>,
    ) -> io::Result<Response<String>> {
        let port = url
            .port_or_known_default()
            .ok_or_else(|| invalid("the address has no port"))?;
        let stream = TcpStream::connect((loopback(url)?, port)).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let _connection = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(connection));
        let request = self.request(url, form).map_err(invalid)?;
        let response = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(Body::new(body), LARGEST)
            .await
            .map_err(io::Error::other)?;
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.keep(url, cookie.to_str().map_err(invalid)?);
        }
        Ok(Response::from_parts(
            parts,
            String::from_utf8(body.into()).map_err(invalid)?,
        ))
    }

    fn request(
        &self,
        url: &Url,
        form: Option<Vec<(String, String)>>,
    ) -> http::Result<Request<Body>> {
        let host = url.host_str().unwrap_or_default();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|((of, _), _)| of == host)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder()
            .uri(&url[url::Position::BeforePath..url::Position::AfterQuery])
            .header(header::HOST, url.authority());
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let Some(fields) = form else {
            return request.body(Body::empty());
        };
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        request
            .method("POST")
            .header(header::ORIGIN, url.origin().ascii_serialization())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.finish()))
    }

    fn keep(&mut self, url: &Url, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        if let (Some((name, value)), Some(host)) = (pair.split_once('='), url.host_str()) {
            self.cookies
                .insert((host.to_owned(), name.to_owned()), value.to_owned());
        }
    }
}

/// Where an answer sends the browser, by `Location` or by `Refresh`.
fn leads_to(response: &Response<String>) -> io::Result<Option<&str>> {
    let header = |name| {
        let value = response.headers().get(name);
        value
            .map(|value| value.to_str().map_err(invalid))
            .transpose()
    };
    if let Some(location) = header(header::LOCATION)? {
        return Ok(Some(location));
    }
    let refresh = header(header::REFRESH)?;
    Ok(refresh.and_then(|refresh| refresh.strip_prefix("0; url=")))
}

/// A form as it would be sent.
struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// The form that has the element with this id.
    fn around(page: &str, id: &str) -> Option<Self> {
        let at = page.find(&format!("id=\"{id}\""))?;
        let begin = page[..at].rfind("<form")?;
        let form = &page[begin..begin + page[begin..].find("</form>")?];
        let head = Tag::first(form);
        let button = Tag::first(&page[page[..at].rfind('<')?..]);
        let hidden = form
            .match_indices("<input")
            .map(|(at, _)| Tag::first(&form[at..]))
            .filter(|input| match input.attribute("type").as_deref() {
                Some("hidden") => true,
                Some("checkbox") => input.0.ends_with(" checked"),
                _ => false,
            });
        let fields = hidden.chain([button]).filter_map(|tag| {
            let name = tag.attribute("name")?;
            Some((name, tag.attribute("value").unwrap_or_default()))
        });
        Some(Self {
            fields: fields.collect(),
            action: head.attribute("action").unwrap_or_default(),
        })
    }
}

/// The text of one opening tag.
struct Tag<'a>(&'a str);

impl<'a> Tag<'a> {
    fn first(text: &'a str) -> Self {
        Self(&text[..text.find('>').unwrap_or(text.len())])
    }

    fn attribute(&self, name: &str) -> Option<String> {
        let (_, rest) = self.0.split_once(&format!(" {name}=\""))?;
        let (value, _) = rest.split_once('"')?;
        Some(value.replace("&#38;", "&").replace("&amp;", "&"))
    }
}

/// The loopback address that a URL names; the sandbox talks to no other.
fn loopback(url: &Url) -> io::Result<IpAddr> {
    match url.host() {
        Some(Host::Ipv4(address)) if address.is_loopback() => Ok(address.into()),
        Some(Host::Ipv6(address)) if address.is_loopback() => Ok(address.into()),
        Some(Host::Domain("localhost")) => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => Err(invalid(format!("{url} is not on loopback"))),
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}
