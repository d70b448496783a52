//! What the machines of `ehlo` have in common.

use core::time::Duration;

use ehlo::client::submission::{self, Submission};
use ehlo::io::Io;
#[cfg(feature = "_scram")]
use ehlo::sasl::ChannelBinding;
use ehlo::{client, server};

/// A machine that a [`Session`](crate::Session) can drive: [`server::Connection`],
/// [`client::Connection`] and [`Submission`].
pub trait Machine: sealed::Sealed {
    /// What it offers.
    type Event<'a>
    where
        Self: 'a;

    #[doc(hidden)]
    fn poll_io(&mut self) -> Option<Io<'_>>;
    #[doc(hidden)]
    fn bound_event(&mut self, binding: Binding) -> Option<Self::Event<'_>>;
    #[doc(hidden)]
    fn is_closed(&mut self) -> bool;
    /// Whether a TLS handshake is what comes next.
    #[doc(hidden)]
    fn is_upgrading(&mut self) -> bool;
    /// TLS is active, with a certificate that was verified for this host.
    #[doc(hidden)]
    fn upgraded(&mut self, verified: Option<&str>, binding: Binding);
    #[doc(hidden)]
    fn not_upgraded(&mut self);
    #[doc(hidden)]
    fn handle_timeout(&mut self);
    #[doc(hidden)]
    fn handle_write_lost(&mut self);
    #[doc(hidden)]
    fn handle_lost(&mut self);
    #[doc(hidden)]
    fn connection_timeout(&self) -> Option<Duration>;
}

mod sealed {
    use super::{Submission, client, server};

    pub trait Sealed {}
    impl<R: AsMut<[u8]>, T: AsMut<[u8]>> Sealed for server::Connection<'_, R, T> {}
    impl<R: AsMut<[u8]>, T: AsMut<[u8]>> Sealed for client::Connection<'_, R, T> {}
    impl<R: AsMut<[u8]>, T: AsMut<[u8]>> Sealed for Submission<'_, R, T> {}
}

/// What a TLS connection is known by, where a mechanism can be tied to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Binding {
    #[cfg(feature = "_scram")]
    pub(crate) channel: Option<ChannelBinding>,
}

impl<R, T> Machine for server::Connection<'_, R, T>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    T: AsRef<[u8]> + AsMut<[u8]>,
{
    type Event<'a>
        = server::Event<'a>
    where
        Self: 'a;

    fn poll_io(&mut self) -> Option<Io<'_>> {
        server::Connection::poll_io(self)
    }

    fn bound_event(&mut self, binding: Binding) -> Option<Self::Event<'_>> {
        let event = server::Connection::event(self)?;
        Some(bind(event, binding))
    }

    fn is_closed(&mut self) -> bool {
        matches!(self.event(), Some(server::Event::Closed(_)))
    }

    fn is_upgrading(&mut self) -> bool {
        matches!(self.event(), Some(server::Event::Upgrade(_)))
    }

    // The application is given the binding with the event that needs it.
    fn upgraded(&mut self, _: Option<&str>, _: Binding) {
        if let Some(server::Event::Upgrade(upgrade)) = self.event() {
            upgrade.done();
        }
    }

    fn not_upgraded(&mut self) {
        if let Some(server::Event::Upgrade(upgrade)) = self.event() {
            upgrade.failed();
        }
    }

    fn handle_timeout(&mut self) {
        server::Connection::handle_timeout(self);
    }

    // Whoever doesn't hear the replies has nothing more to say.
    fn handle_write_lost(&mut self) {
        server::Connection::handle_lost(self);
    }

    fn handle_lost(&mut self) {
        server::Connection::handle_lost(self);
    }

    fn connection_timeout(&self) -> Option<Duration> {
        Some(server::Connection::connection_timeout(self))
    }
}

/// Gives the channel binding to whom needs it.
#[cfg(feature = "_scram")]
fn bind(event: server::Event<'_>, binding: Binding) -> server::Event<'_> {
    match (event, binding.channel) {
        (server::Event::ScramKeys(keys), Some(channel)) => {
            server::Event::ScramKeys(keys.bind(channel))
        }
        (event, _) => event,
    }
}

#[cfg(not(feature = "_scram"))]
fn bind(event: server::Event<'_>, _: Binding) -> server::Event<'_> {
    event
}

macro_rules! client {
    ($machine:ty, $module:ident) => {
        impl<R, T> Machine for $machine
        where
            R: AsRef<[u8]> + AsMut<[u8]>,
            T: AsRef<[u8]> + AsMut<[u8]>,
        {
            type Event<'a>
                = $module::Event<'a>
            where
                Self: 'a;

            fn poll_io(&mut self) -> Option<Io<'_>> {
                <$machine>::poll_io(self)
            }

            // The machine has it itself.
            fn bound_event(&mut self, _: Binding) -> Option<Self::Event<'_>> {
                <$machine>::event(self)
            }

            fn is_closed(&mut self) -> bool {
                matches!(self.event(), Some($module::Event::Closed(_)))
            }

            fn is_upgrading(&mut self) -> bool {
                matches!(self.event(), Some($module::Event::Upgrade(_)))
            }

            fn upgraded(&mut self, verified: Option<&str>, binding: Binding) {
                if let Some($module::Event::Upgrade(upgrade)) = self.event() {
                    bind_upgrade(upgrade, binding).done(verified);
                }
            }

            fn not_upgraded(&mut self) {
                if let Some($module::Event::Upgrade(upgrade)) = self.event() {
                    upgrade.failed();
                }
            }

            fn handle_timeout(&mut self) {
                <$machine>::handle_timeout(self);
            }

            fn handle_write_lost(&mut self) {
                <$machine>::handle_write_lost(self);
            }

            fn handle_lost(&mut self) {
                <$machine>::handle_lost(self);
            }

            fn connection_timeout(&self) -> Option<Duration> {
                None
            }
        }
    };
}

client!(client::Connection<'_, R, T>, client);
client!(Submission<'_, R, T>, submission);

#[cfg(feature = "_scram")]
fn bind_upgrade(
    upgrade: client::guard::Upgrade<'_>,
    binding: Binding,
) -> client::guard::Upgrade<'_> {
    match binding.channel {
        Some(channel) => upgrade.bind(channel),
        None => upgrade,
    }
}

#[cfg(not(feature = "_scram"))]
fn bind_upgrade(upgrade: client::guard::Upgrade<'_>, _: Binding) -> client::guard::Upgrade<'_> {
    upgrade
}
