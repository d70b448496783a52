//! embassy-net on a board: brought up with the address QEMU's network has for it, and sockets closed so that
//! they can be used again.
#![no_std]

use embassy_executor::Spawner;
use embassy_net::tcp::{State, TcpSocket};
use embassy_net::{Ipv4Address, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use embassy_time::{Duration, with_timeout};
use static_cell::StaticCell;

/// How long a peer may take to close its side when ours is closed.
pub const LINGER: Duration = Duration::from_secs(5);

/// Brings the board and its network up; `None` where the board can't start, or has been started before.
pub fn start<const SOCKETS: usize>(
    spawner: Spawner,
    resources: &'static StaticCell<StackResources<SOCKETS>>,
) -> Option<Stack<'static>> {
    static MAC: StaticCell<board::Mac> = StaticCell::new();

    let mac = MAC.init(board::init()?);
    let address = embassy_net::Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(Ipv4Address::from(board::mac::IP), board::mac::PREFIX),
        gateway: Some(Ipv4Address::from(board::mac::GATEWAY)),
        dns_servers: Default::default(),
    });
    let seed = u64::from_ne_bytes(board::random_array());
    let resources = resources.init(StackResources::new());
    let (stack, runner) = embassy_net::new(mac, address, resources, seed);
    spawner.spawn(network(runner).ok()?);
    Some(stack)
}

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, &'static mut board::Mac>) -> ! {
    runner.run().await
}

/// Closes a socket so that it can wait for the next peer: what was written is sent, and nobody waits in
/// TIME-WAIT.
pub async fn close(socket: &mut TcpSocket<'_>) {
    socket.close();
    let _ = with_timeout(LINGER, async {
        let _ = socket.flush().await;
        let mut rest = [0; 64];
        while socket.may_recv() && socket.read(&mut rest).await.is_ok_and(|n| n > 0) {}
    })
    .await;
    if socket.state() != State::Closed {
        socket.abort();
        // The reset leaves.
        let _ = with_timeout(LINGER, socket.flush()).await;
    }
}
