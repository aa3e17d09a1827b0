//! Bytes both ways between two connections, until both have ended: nothing is looked at, nothing is
//! held that the other side takes, and a side that has ended lets the other one finish.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How much is read at once. It lies on the stack: a connection that is quiet holds no buffer.
const READ: usize = 16 * 1024;

/// How long a connection must be quiet to be ended when the server stops: what is under way is not
/// cut off.
const QUIET: Duration = Duration::from_secs(1);

/// How long nothing may move once one side has ended: few clients go on after that, and some forget to
/// end.
const HALF_CLOSED: Duration = Duration::from_mins(1);

/// How far both directions have come.
enum Flow {
    HalfOver,
    Over,
}

/// What was spliced.
#[derive(Debug)]
pub(crate) struct Spliced {
    /// Bytes from the client to the server.
    pub(crate) up: u64,
    /// Bytes from the server to the client.
    pub(crate) down: u64,
    /// Why it ended.
    pub(crate) end: End,
}

/// Why it ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Both sides have ended.
    Closed,
    /// Nothing came for too long.
    Idle,
    /// Mailgrant stops.
    Stopped,
    /// One of the connections broke.
    Broken(io::Error),
}

impl End {
    /// For the log.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Closed => "closed".to_owned(),
            Self::Idle => "idle for too long".to_owned(),
            Self::Stopped => "stopped".to_owned(),
            Self::Broken(error) => format!("broken: {error}"),
        }
    }
}

/// What was read before the splice begins, in each direction.
#[derive(Debug, Default)]
pub(crate) struct First {
    pub(crate) up: Bytes,
    pub(crate) down: Bytes,
}

/// Moves bytes both ways until both sides have ended, until nothing moves for `idle` (twice that at
/// most), or, once `stopping`, until nothing moves for a moment.
pub(crate) async fn splice<C, U>(
    client: &mut C,
    upstream: &mut U,
    first: First,
    mut idle: Duration,
    stopping: &CancellationToken,
) -> Spliced
where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let (mut up, mut down) = (Half::new(first.up), Half::new(first.down));
    let mut timer = pin!(sleep(idle));
    let (mut seen, mut stops, mut half_closed) = (0, false, false);
    let end = loop {
        let flow = poll_fn(|cx| {
            let one = up.poll(cx, Pin::new(&mut *client), Pin::new(&mut *upstream))?;
            let other = down.poll(cx, Pin::new(&mut *upstream), Pin::new(&mut *client))?;
            match (one, other) {
                (Poll::Ready(()), Poll::Ready(())) => Poll::Ready(Ok(Flow::Over)),
                (Poll::Pending, Poll::Pending) => Poll::Pending,
                _ if half_closed => Poll::Pending,
                _ => Poll::Ready(Ok(Flow::HalfOver)),
            }
        });
        let ended = tokio::select! {
            ended = flow => Some(ended),
            () = timer.as_mut() => None,
            () = stopping.cancelled(), if !stops => {
                (stops, idle, seen) = (true, QUIET, up.moved + down.moved);
                timer.as_mut().reset(Instant::now() + idle);
                continue;
            }
        };
        let moved = up.moved + down.moved;
        match ended {
            Some(Ok(Flow::Over)) => break End::Closed,
            Some(Ok(Flow::HalfOver)) => {
                (half_closed, idle, seen) = (true, idle.min(HALF_CLOSED), moved);
                timer.as_mut().reset(Instant::now() + idle);
            }
            Some(Err(error)) => break End::Broken(error),
            None if moved == seen && stops => break End::Stopped,
            None if moved == seen => break End::Idle,
            None => {
                seen = moved;
                timer.as_mut().reset(Instant::now() + idle);
            }
        }
    };
    Spliced {
        up: up.moved,
        down: down.moved,
        end,
    }
}

/// One direction.
struct Half {
    /// What has been read and not yet taken by the other side.
    pending: Bytes,
    moved: u64,
    unflushed: bool,
    at: At,
}

#[derive(Clone, Copy)]
enum At {
    Flowing,
    /// The one side has ended; the other is to be told.
    Closing,
    Closed,
}

impl Half {
    fn new(pending: Bytes) -> Self {
        Self {
            pending,
            moved: 0,
            unflushed: false,
            at: At::Flowing,
        }
    }

    /// Moves what can be moved. Reads nothing before the other side has taken what was read.
    fn poll<R: AsyncRead, W: AsyncWrite>(
        &mut self,
        cx: &mut Context<'_>,
        mut from: Pin<&mut R>,
        mut to: Pin<&mut W>,
    ) -> io::Result<Poll<()>> {
        loop {
            match self.poll_step(cx, from.as_mut(), to.as_mut()) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Ready(Ok(())) if matches!(self.at, At::Closed) => return Ok(Poll::Ready(())),
                Poll::Ready(Ok(())) => {}
            }
        }
    }

    fn poll_step<R: AsyncRead, W: AsyncWrite>(
        &mut self,
        cx: &mut Context<'_>,
        from: Pin<&mut R>,
        mut to: Pin<&mut W>,
    ) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            let count = ready!(to.as_mut().poll_write(cx, &self.pending))?;
            self.wrote(count)?;
            self.pending.advance(count);
        }
        match self.at {
            At::Flowing => self.poll_read(cx, from, to),
            At::Closing => {
                // Whoever has gone already need not be told.
                let _ = ready!(to.poll_shutdown(cx));
                self.at = At::Closed;
                Poll::Ready(Ok(()))
            }
            At::Closed => Poll::Ready(Ok(())),
        }
    }

    fn poll_read<R: AsyncRead, W: AsyncWrite>(
        &mut self,
        cx: &mut Context<'_>,
        from: Pin<&mut R>,
        mut to: Pin<&mut W>,
    ) -> Poll<io::Result<()>> {
        let mut room = [const { MaybeUninit::uninit() }; READ];
        let mut buffer = ReadBuf::uninit(&mut room);
        match from.poll_read(cx, &mut buffer) {
            Poll::Pending => {
                if self.unflushed {
                    ready!(to.poll_flush(cx))?;
                    self.unflushed = false;
                }
                return Poll::Pending;
            }
            // Whoever ends TLS without a word has ended all the same.
            Poll::Ready(Err(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                return Poll::Ready(Err(error));
            }
            Poll::Ready(_) => {}
        }
        let read = buffer.filled();
        if read.is_empty() {
            self.at = At::Closing;
            return Poll::Ready(Ok(()));
        }
        self.unflushed = true;
        let count = match to.as_mut().poll_write(cx, read) {
            Poll::Ready(count) => count?,
            Poll::Pending => {
                self.pending = Bytes::copy_from_slice(read);
                return Poll::Pending;
            }
        };
        self.wrote(count)?;
        let left = read.get(count..).unwrap_or_default();
        if !left.is_empty() {
            self.pending = Bytes::copy_from_slice(left);
        }
        Poll::Ready(Ok(()))
    }

    fn wrote(&mut self, count: usize) -> io::Result<()> {
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.unflushed = true;
        self.moved += count as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    /// Sends `bytes` in pieces of these sizes, then ends.
    async fn send(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8], sizes: &[usize]) {
        let mut sizes = sizes.iter().copied().cycle();
        let mut left = bytes;
        while !left.is_empty() {
            let (now, later) = left.split_at(sizes.next().unwrap().min(left.len()));
            to.write_all(now).await.unwrap();
            left = later;
        }
        to.shutdown().await.unwrap();
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().unwrap().block_on(work)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_comes_out_is_what_went_in_for_any_pieces_and_any_room(
            up in prop::collection::vec(any::<u8>(), 0..60_000),
            down in prop::collection::vec(any::<u8>(), 0..60_000),
            first in 0_usize..2000,
            sizes in prop::collection::vec(1_usize..20_000, 1..8),
            rooms in (1_usize..40_000, 1_usize..40_000),
        ) {
            let (mut client, mut ours) = duplex(rooms.0);
            let (mut theirs, mut server) = duplex(rooms.1);
            let (up_first, up_later) = up.split_at(first.min(up.len()));
            let (down_first, down_later) = down.split_at(first.min(down.len()));
            let first = First {
                up: Bytes::copy_from_slice(up_first),
                down: Bytes::copy_from_slice(down_first),
            };
            let stopping = CancellationToken::new();
            let (mut heard_up, mut heard_down) = (Vec::new(), Vec::new());
            let spliced = run(async {
                let (mut from_client, mut to_client) = tokio::io::split(&mut client);
                let (mut from_server, mut to_server) = tokio::io::split(&mut server);
                let (spliced, ..) = tokio::join!(
                    splice(&mut ours, &mut theirs, first, LONG, &stopping),
                    send(&mut to_client, up_later, &sizes),
                    send(&mut to_server, down_later, &sizes),
                    from_client.read_to_end(&mut heard_down),
                    from_server.read_to_end(&mut heard_up),
                );
                spliced
            });
            prop_assert!(matches!(spliced.end, End::Closed), "{spliced:?}");
            prop_assert_eq!((spliced.up, spliced.down), (up.len() as u64, down.len() as u64));
            prop_assert!(heard_up == up && heard_down == down);
        }
    }

    /// Both ends and the splice between them.
    async fn between<T>(
        idle: Duration,
        stopping: &CancellationToken,
        talk: impl AsyncFnOnce(tokio::io::DuplexStream, tokio::io::DuplexStream) -> T,
    ) -> (Spliced, T) {
        let (client, mut ours) = duplex(100);
        let (mut theirs, server) = duplex(100);
        tokio::join!(
            splice(&mut ours, &mut theirs, First::default(), idle, stopping),
            talk(client, server)
        )
    }

    #[test]
    fn a_side_that_has_ended_lets_the_other_one_finish() {
        let (spliced, ()) = run(between(
            LONG,
            &CancellationToken::new(),
            async |mut client, mut server| {
                client.write_all(b"QUIT").await.unwrap();
                client.shutdown().await.unwrap();
                let mut heard = Vec::new();
                server.read_to_end(&mut heard).await.unwrap();
                server.write_all(b"bye").await.unwrap();
                drop(server);
                let mut answer = Vec::new();
                client.read_to_end(&mut answer).await.unwrap();
                assert_eq!(
                    (heard.as_slice(), answer.as_slice()),
                    (&b"QUIT"[..], &b"bye"[..])
                );
            },
        ));
        assert!(matches!(spliced.end, End::Closed));
    }

    #[test]
    fn whoever_reads_nothing_holds_the_other_side_back() {
        let never = CancellationToken::new();
        let (_, written) = run(between(LONG, &never, async |mut client, server| {
            let mut written = 0;
            loop {
                let full = async {
                    for _ in 0..100 {
                        tokio::task::yield_now().await;
                    }
                };
                tokio::select! {
                    biased;
                    count = client.write(&[0; 50]) => written += count.unwrap(),
                    () = full => break,
                }
            }
            drop(server);
            written
        }));
        // Two pipes of 100 bytes, and what was read at once.
        assert!((200..=400).contains(&written), "{written}");
    }

    #[test]
    fn a_connection_that_has_fallen_quiet_ends() {
        let never = CancellationToken::new();
        let idle = Duration::from_millis(20);
        let (spliced, _ends) = run(between(idle, &never, async |mut client, mut server| {
            server.write_all(b"*").await.unwrap();
            client.read_u8().await.unwrap();
            (client, server)
        }));
        assert!(matches!(spliced.end, End::Idle), "{spliced:?}");
        assert_eq!((spliced.up, spliced.down), (0, 1));
    }

    #[test]
    fn at_a_stop_what_is_under_way_is_finished_and_what_is_quiet_ends() {
        let stopping = CancellationToken::new();
        let (spliced, _ends) = run(between(LONG, &stopping, async |mut client, mut server| {
            stopping.cancel();
            for _ in 0..1000 {
                client.write_all(b"ping").await.unwrap();
                server.read_exact(&mut [0; 4]).await.unwrap();
                server.write_all(b"pong").await.unwrap();
                client.read_exact(&mut [0; 4]).await.unwrap();
            }
            (client, server)
        }));
        assert!(matches!(spliced.end, End::Stopped), "{spliced:?}");
        assert_eq!((spliced.up, spliced.down), (4000, 4000));
    }
}
