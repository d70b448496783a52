//! One machine with its socket, as far as it goes without waiting.

use ehlo::io::{Deadline, Io};
use embedded_nal::{TcpClientStack, TcpError, TcpErrorKind, nb};

use crate::clock::Clock;
use crate::machine::Machine;

/// How often a poll may read from one socket, so that a peer that never stops leaves others their
/// turn.
const READS: u8 = 8;

/// Reads and writes until there is an event, or nothing can be done now. Gives whether anything moved.
pub(super) fn drive<M: Machine, S: TcpClientStack>(
    machine: &mut M,
    stack: &mut S,
    socket: &mut S::TcpSocket,
    clock: &mut Clock,
    now: u32,
) -> bool {
    let mut moved = false;
    let mut reads = 0;
    loop {
        let deadline = match machine.poll_io() {
            None => return moved,
            Some(Io::Wait(deadline)) => deadline,
            Some(Io::Write(write)) => {
                let deadline = write.deadline();
                match stack.send(socket, write.bytes()) {
                    Ok(n) if n > 0 => {
                        write.sent(n);
                        moved = true;
                        continue;
                    }
                    Ok(_) | Err(nb::Error::WouldBlock) => deadline,
                    Err(nb::Error::Other(_)) => {
                        machine.handle_write_lost();
                        moved = true;
                        continue;
                    }
                }
            }
            Some(Io::Read(mut read)) => {
                let deadline = read.deadline();
                if reads == READS {
                    // Who never stops may be too slow all the same: octet by octet.
                    expired(machine, clock, now, deadline);
                    return true;
                }
                match stack.receive(socket, read.space()) {
                    Ok(n) => {
                        read.filled(n);
                        reads = reads.saturating_add(1);
                        moved = true;
                        continue;
                    }
                    Err(nb::Error::WouldBlock) => deadline,
                    Err(nb::Error::Other(error)) => {
                        match error.kind() {
                            // It has said all it wanted to.
                            TcpErrorKind::PipeClosed => read.filled(0),
                            _ => machine.handle_lost(),
                        }
                        moved = true;
                        continue;
                    }
                }
            }
        };
        if !expired(machine, clock, now, deadline) {
            return moved;
        }
        moved = true;
    }
}

/// Tells the machine when its deadline has passed.
fn expired<M: Machine>(machine: &mut M, clock: &mut Clock, now: u32, deadline: Deadline) -> bool {
    let passed = clock.left(now, deadline.into()) == 0;
    if passed {
        clock.told(now);
        machine.handle_timeout();
    }
    passed
}
