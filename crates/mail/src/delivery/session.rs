//! A connection that messages are handed over on, one after another.

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::Instant;

use super::asking::{Asked, Asking, Then};
use super::stuffing::Stuffing;
use super::verdict::{AwaitVerdict, Verdict};
use super::{Delivered, DeliveryPoint, Envelope};
use crate::drive::{Wire, within};
use crate::smtp::{Command, Hail, Replies, Securing, SmtpSession};
use crate::{Limits, MailError, Offers, Trust};

/// How much of a message is held at once.
const CHUNK: usize = 64 * 1024;

/// What becomes of a message is waited for longer than another answer, by this factor: ten minutes
/// where two are the rule (RFC 5321, section 4.5.3.2.6). Whoever gives up early and comes again has
/// doubled the message (RFC 1047).
const PATIENCE: u32 = 5;

/// An open connection to a server that takes mail from us, by LMTP or SMTP.
#[derive(Debug)]
pub struct DeliverySession {
    wire: Wire<Replies>,
    offers: Offers,
    hail: Hail,
    limits: Limits,
    /// The server waits for a command. It does not while a message is under way, however that ends:
    /// what came next would be text of the message.
    ready: bool,
}

impl DeliverySession {
    /// Connects, secures the connection and asks what the server offers. `trust` is for servers with
    /// TLS.
    pub async fn open(
        point: &DeliveryPoint,
        trust: &Trust,
        limits: Limits,
    ) -> Result<Self, MailError> {
        let hail = point.hail();
        let opening = async {
            let mut wire = match point {
                DeliveryPoint::Lmtp(server) | DeliveryPoint::Smtp(server) => {
                    Wire::connect(server, trust, limits).await?
                }
                DeliveryPoint::LmtpSocket(path) => Wire::connect_local(path, limits).await?,
            };
            let mut securing = Securing::for_delivery(hail, point.security());
            let offers = wire.run(&mut securing).await?;
            Ok((wire, offers))
        };
        let (wire, offers) = within(limits.opening, point, opening).await?;
        Ok(Self {
            wire,
            offers,
            hail,
            limits,
            ready: true,
        })
    }

    /// A session in which somebody has logged in, for mail of their own (submission, RFC 6409): the
    /// same from here on. `limits` are those that it was opened with.
    pub fn submission(session: SmtpSession, limits: Limits) -> Self {
        let (wire, offers) = session.into_parts();
        Self {
            wire,
            offers,
            hail: Hail::Ehlo,
            limits,
            ready: true,
        }
    }

    /// What the server offers.
    pub fn offers(&self) -> &Offers {
        &self.offers
    }

    /// Whether another message can be handed over on this connection.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Whether the server still listens, as far as it has said. One that has waited for minutes says
    /// good-bye (421) or just leaves, and a message is not to find out.
    pub async fn is_still_open(&mut self) -> bool {
        let now = Instant::now();
        let unasked = self.wire.run_until(&mut AwaitVerdict, now).await;
        let silent = matches!(unasked, Ok(None)) && self.wire.reader().is_empty();
        self.ready = self.ready && silent;
        self.ready
    }

    /// Hands a message over, which has exactly `size` bytes. Gives one verdict for each recipient, in
    /// the envelope's order; an SMTP server has but one for all whom it did not refuse beforehand. A
    /// message that nobody may have is not sent.
    ///
    /// On an error it is unknown what became of the message, and the connection is of no more use.
    /// Where an LMTP server leaves in the middle of its verdicts those that it gave are kept, and the
    /// recipients behind them are to be tried again.
    pub async fn deliver(
        &mut self,
        envelope: &Envelope,
        message: impl AsyncRead + Unpin + Send,
        size: u64,
    ) -> Result<Vec<Delivered>, MailError> {
        if let Some(why) = self.cannot_take(envelope, size) {
            return Ok(vec![Delivered::Never(why); envelope.recipients().len()]);
        }
        self.begin()?;
        let asking = Asking::new(envelope, size, &self.offers);
        let Asked { verdicts, then } = self.ask(envelope, asking).await?;
        let verdicts = match then {
            Then::Message => {
                self.send(message, size).await?;
                self.await_verdicts(verdicts).await?
            }
            Then::Reset => {
                self.reset().await;
                verdicts
            }
            Then::Ended => verdicts,
        };
        Ok(verdicts.into_iter().flatten().collect())
    }

    /// Asks whether the server would take mail with this envelope, and sends none; for each recipient
    /// its refusal, if it is refused.
    pub async fn probe(
        &mut self,
        envelope: &Envelope,
    ) -> Result<Vec<Option<Delivered>>, MailError> {
        self.begin()?;
        let asking = Asking::to_know(envelope, &self.offers);
        let Asked { verdicts, then } = self.ask(envelope, asking).await?;
        if then == Then::Reset {
            self.reset().await;
        }
        Ok(verdicts)
    }

    /// Takes the connection into use until what begins now has come to its end.
    fn begin(&mut self) -> Result<(), MailError> {
        if std::mem::take(&mut self.ready) {
            return Ok(());
        }
        let why = "an earlier message did not come to its end as it should have";
        Err(self.wire.peer().closed(why))
    }

    /// Has the server forget an envelope. What it said of it stands, whatever it says to this.
    async fn reset(&mut self) {
        let reset = self.wire.run(&mut Command::new("RSET")).await;
        self.ready = reset.is_ok() && self.wire.reader().is_empty();
    }

    /// Ends the session politely; errors no longer matter.
    pub async fn quit(self) {
        // Within a message it would be text of it.
        if self.ready {
            self.wire.part(Command::new("QUIT")).await;
        }
    }

    /// Why the server would never take this message, as far as it has said so itself.
    fn cannot_take(&self, envelope: &Envelope, size: u64) -> Option<String> {
        let server = self.wire.peer().name();
        match self.offers.largest_message() {
            Some(largest) if largest < size => Some(format!(
                "{server} takes messages of up to {largest} bytes, and this one has {size}"
            )),
            _ if envelope.needs_utf8() && !self.offers.has("SMTPUTF8") => Some(format!(
                "{server} takes no addresses with letters beyond ASCII (SMTPUTF8)"
            )),
            _ => None,
        }
    }

    async fn ask(
        &mut self,
        envelope: &Envelope,
        mut asking: Asking<'_>,
    ) -> Result<Asked, MailError> {
        // MAIL, DATA, and the recipients.
        let answers = u32::try_from(envelope.recipients().len()).unwrap_or(u32::MAX);
        let limit = self.limits.answer.saturating_mul(answers.saturating_add(2));
        let server = self.wire.peer().clone();
        within(limit, server.name(), self.wire.run(&mut asking)).await
    }

    /// Sends the message and its end, never more than a piece of it at a time. A message that turns
    /// out to be longer or shorter than it should is not whole, and is never brought to its end.
    async fn send(
        &mut self,
        mut message: impl AsyncRead + Unpin + Send,
        size: u64,
    ) -> Result<(), MailError> {
        let mut stuffing = Stuffing::new();
        let (mut piece, mut out) = (Vec::with_capacity(CHUNK), Vec::new());
        let mut left = size;
        loop {
            piece.clear();
            let read = message.read_buf(&mut piece).await;
            let read = read.map_err(|error| self.wire.peer().unread(error.to_string()))?;
            if read == 0 {
                break;
            }
            left = left.checked_sub(read as u64).ok_or_else(|| {
                let why = format!("it is longer than its {size} bytes");
                self.wire.peer().unread(why)
            })?;
            stuffing.write(&piece, &mut out);
            if out.len() >= CHUNK {
                self.wire.write(&out).await?;
                out.clear();
            }
        }
        if left > 0 {
            let why = format!("{left} of its {size} bytes are missing");
            return Err(self.wire.peer().unread(why));
        }
        stuffing.finish(&mut out);
        self.wire.write(&out).await
    }

    /// The verdicts of those who have none yet.
    async fn await_verdicts(
        &mut self,
        mut verdicts: Vec<Option<Delivered>>,
    ) -> Result<Vec<Option<Delivered>>, MailError> {
        let mut last: Option<Delivered> = None;
        let mut stays = true;
        for open in verdicts.iter_mut().filter(|open| open.is_none()) {
            let verdict = match &last {
                Some(for_all) if self.hail == Hail::Ehlo => for_all.clone(),
                Some(_) if !stays => Delivered::Later(
                    "the server left without a word about this recipient".to_owned(),
                ),
                earlier => match self.await_verdict().await {
                    Ok(verdict) => {
                        stays = !verdict.ends_session;
                        verdict.delivered
                    }
                    Err(error) if earlier.is_some() => {
                        stays = false;
                        Delivered::Later(error.to_string())
                    }
                    Err(error) => return Err(error),
                },
            };
            last = Some(verdict.clone());
            *open = Some(verdict);
        }
        // One reply too many would be taken for the answer to the next command.
        self.ready = stays && self.wire.reader().is_empty();
        Ok(verdicts)
    }

    async fn await_verdict(&mut self) -> Result<Verdict, MailError> {
        let limit = self.limits.answer.saturating_mul(PATIENCE);
        let until = Instant::now() + limit;
        let verdict = self.wire.run_until(&mut AwaitVerdict, until).await?;
        verdict.ok_or_else(|| {
            let seconds = limit.as_secs();
            let why = format!("it did not say for {seconds} seconds what became of the message");
            self.wire.peer().closed(why)
        })
    }
}
