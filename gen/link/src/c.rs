//! The library's C interface; `include/cortado_link.h` says what each function does.

// C's own rules: raw pointers, and names that are not mangled.
#![allow(unsafe_code)]

use crate::{open, Link, LinkError, SerialPort, Settings, Status};
use std::cell::RefCell;
use std::ffi::{c_char, c_int, CStr};
use std::time::Duration;

thread_local! {
    static MESSAGE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A board, behind a pointer that C keeps.
pub struct Board(Link<SerialPort>);

/// [`Status`] as C has it.
#[repr(C)]
pub struct CStatus {
    version: u8,
    port_bytes: u8,
    memory_bits: u8,
    busy: u8,
    memory_ready: u8,
    error: u8,
    cycles: u32,
    identity: u32,
}

impl From<Status> for CStatus {
    fn from(status: Status) -> Self {
        CStatus {
            version: status.version,
            port_bytes: status.port_bytes,
            memory_bits: status.memory_bits,
            busy: status.busy.into(),
            memory_ready: status.memory_ready.into(),
            error: status.error,
            cycles: status.cycles,
            identity: status.identity,
        }
    }
}

/// The header's numbers.
fn code(error: &LinkError) -> c_int {
    match error {
        LinkError::Port { .. } => 1,
        LinkError::Silent { .. } => 2,
        LinkError::Lost { .. } => 3,
        LinkError::Refused(_) => 4,
        LinkError::Request(_) => 5,
        LinkError::Version(_) => 6,
        LinkError::Running => 7,
    }
}

fn told(result: Result<(), LinkError>) -> c_int {
    let Err(error) = result else { return 0 };
    MESSAGE.with_borrow_mut(|message| *message = error.to_string());
    code(&error)
}

fn missing(what: &str) -> LinkError {
    LinkError::Request(format!("{what} is a null pointer"))
}

/// # Safety
/// `board` is null or from [`cortado_open`], not closed, and in no other thread's hands.
unsafe fn board<'a>(board: *mut Board) -> Result<&'a mut Link<SerialPort>, LinkError> {
    // SAFETY: the caller answers for it.
    unsafe { board.as_mut() }.map(|board| &mut board.0).ok_or_else(|| missing("the board"))
}

/// # Safety
/// `path` is null or ends with a zero; `place` is null or may be written.
#[no_mangle]
pub unsafe extern "C" fn cortado_open(path: *const c_char, baud: u32, place: *mut *mut Board) -> c_int {
    // SAFETY: the caller answers for it.
    let Some(place) = (unsafe { place.as_mut() }) else { return told(Err(missing("the board's place"))) };
    *place = std::ptr::null_mut();
    if path.is_null() {
        return told(Err(missing("the path")));
    }
    // SAFETY: the caller answers for the zero at its end.
    let path = unsafe { CStr::from_ptr(path) }.to_string_lossy().into_owned();
    told(open(path, baud, Settings::default()).map(|link| *place = Box::into_raw(Box::new(Board(link)))))
}

/// # Safety
/// `board` is null or from [`cortado_open`], and not used again.
#[no_mangle]
pub unsafe extern "C" fn cortado_close(board: *mut Board) {
    if !board.is_null() {
        // SAFETY: it was made by `Box::into_raw` and is given up here.
        drop(unsafe { Box::from_raw(board) });
    }
}

/// # Safety
/// As [`board`]; `status` is null or may be written.
#[no_mangle]
pub unsafe extern "C" fn cortado_get_status(link: *mut Board, status: *mut CStatus) -> c_int {
    // SAFETY: the caller answers for both.
    let (link, status) = unsafe { (board(link), status.as_mut()) };
    told(link.and_then(|link| {
        *status.ok_or_else(|| missing("the status"))? = link.status()?.into();
        Ok(())
    }))
}

/// # Safety
/// As [`board`]; `bytes` has `count` bytes.
#[no_mangle]
pub unsafe extern "C" fn cortado_write(link: *mut Board, address: u32, bytes: *const u8, count: usize) -> c_int {
    if bytes.is_null() {
        return told(Err(missing("bytes")));
    }
    // SAFETY: the caller answers for both.
    let (link, bytes) = unsafe { (board(link), std::slice::from_raw_parts(bytes, count)) };
    told(link.and_then(|link| link.write(address, bytes)))
}

/// # Safety
/// As [`board`]; `bytes` has room for `count` bytes.
#[no_mangle]
pub unsafe extern "C" fn cortado_read(link: *mut Board, address: u32, bytes: *mut u8, count: usize) -> c_int {
    if bytes.is_null() {
        return told(Err(missing("bytes")));
    }
    // SAFETY: the caller answers for it.
    let link = unsafe { board(link) };
    told(link.and_then(|link| {
        let came = link.read(address, count)?;
        // SAFETY: the caller answers for the room; `came` has at most `count` bytes and is memory of its own.
        unsafe { std::ptr::copy_nonoverlapping(came.as_ptr(), bytes, came.len().min(count)) };
        Ok(())
    }))
}

/// # Safety
/// As [`board`].
#[no_mangle]
pub unsafe extern "C" fn cortado_start(link: *mut Board, address: u32) -> c_int {
    // SAFETY: the caller answers for it.
    told(unsafe { board(link) }.and_then(|link| link.start(address)))
}

/// # Safety
/// As [`board`]; `status` is null or may be written.
#[no_mangle]
pub unsafe extern "C" fn cortado_wait(link: *mut Board, milliseconds: u32, status: *mut CStatus) -> c_int {
    // SAFETY: the caller answers for both.
    let (link, status) = unsafe { (board(link), status.as_mut()) };
    told(link.and_then(|link| {
        let state = link.wait(Duration::from_millis(milliseconds.into()))?;
        if let Some(status) = status {
            *status = state.into();
        }
        Ok(())
    }))
}

/// # Safety
/// As [`board`].
#[no_mangle]
pub unsafe extern "C" fn cortado_reset(link: *mut Board) -> c_int {
    // SAFETY: the caller answers for it.
    told(unsafe { board(link) }.and_then(Link::reset))
}

/// # Safety
/// `text` is null or has room for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cortado_message(text: *mut c_char, size: usize) -> usize {
    MESSAGE.with_borrow(|message| {
        if !text.is_null() && size > 0 {
            let count = message.len().min(size - 1);
            // SAFETY: the caller answers for `size` bytes, of which these are the first and one more.
            unsafe {
                std::ptr::copy_nonoverlapping(message.as_ptr().cast(), text, count);
                *text.add(count) = 0;
            }
        }
        message.len()
    })
}
