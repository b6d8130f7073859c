//! Test harness: a real X server with a ten-finger touchscreen and a keyboard. Xorg runs with the `dummy` video driver
//! and `inputtest` devices, which the test feeds over sockets. The kiosk receives `XInput2` touch sequences and key
//! events.
//!
//! # Source
//!
//! The protocol: `xf86-input-inputtest-protocol.h` of the X server, version 1.0.

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use iced::Point;
use tempfile::TempDir;
use x11rb::{
    connection::Connection as _,
    protocol::{
        randr::{ConnectionExt as _, MonitorInfo},
        xproto::{AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, ImageFormat, InputFocus},
    },
};

use crate::support::{
    headless::now,
    keyboard::{Stroke, main_row},
};

/// Number of axes in every touch message, used or not.
const VALUATORS: usize = 64;
/// The touch device's own range on both axes.
const RANGE: f64 = 65_535.0;
const VERSION: u32 = 0;
const SYNC: u32 = 1;
const KEY: u32 = 5;
const TOUCH: u32 = 6;
const BEGIN: u32 = 18;
const UPDATE: u32 = 19;
const END: u32 = 20;

/// An X server with a touchscreen and a keyboard. Stops when dropped.
pub(crate) struct Touchscreen {
    width: u32,
    height: u32,
    display: u32,
    server: Child,
    touch: Device,
    keys: Device,
    _folder: TempDir,
}

struct Device(UnixStream);

impl Device {
    fn connect(path: &Path) -> Self {
        let deadline = now() + Duration::from_secs(20);
        let socket = loop {
            match UnixStream::connect(path) {
                Ok(socket) => break socket,
                Err(error) => assert!(now() < deadline, "the X server offers no {}: {error}", path.display()),
            }
            thread::sleep(Duration::from_millis(50));
        };
        let mut device = Self(socket);
        device.send(VERSION, &[1_u16.to_ne_bytes(), 0_u16.to_ne_bytes()].concat());
        device.receive();
        device
    }

    fn send(&mut self, kind: u32, body: &[u8]) {
        let length = u32::try_from(body.len() + 8).unwrap();
        let message = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), body].concat();
        self.0.write_all(&message).unwrap();
    }

    fn receive(&mut self) {
        let mut head = [0; 8];
        self.0.read_exact(&mut head).unwrap();
        let length = u32::from_ne_bytes(head[..4].try_into().unwrap());
        let mut body = vec![0; usize::try_from(length).unwrap() - 8];
        self.0.read_exact(&mut body).unwrap();
    }

    /// Sends, and waits until the server has processed it.
    fn send_and_wait(&mut self, kind: u32, body: &[u8]) {
        self.send(kind, body);
        self.send(SYNC, &[]);
        self.receive();
    }
}

impl Touchscreen {
    /// Starts a server with a screen of this size.
    pub(crate) fn start(width: u32, height: u32) -> Self {
        let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
        let (touch, keys) = (folder.path().join("touch"), folder.path().join("keys"));
        let config = folder.path().join("xorg.conf");
        fs::write(&config, configuration(width, height, &touch, &keys)).unwrap();
        let display_file = folder.path().join("display");
        let server = Command::new("sh")
            .arg("-c")
            // The server picks a free display number and writes it to descriptor 3.
            .arg("exec Xorg -displayfd 3 -config \"$1\" -logfile \"$2\" -noreset -novtswitch -sharevts -nolisten tcp 3>\"$3\"")
            .args(["sh".as_ref(), config.as_os_str(), folder.path().join("log").as_os_str(), display_file.as_os_str()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xorg must be installed: see README");
        let mut guard = Guard(Some(server));
        let display = wait_for_display(&display_file, guard.0.as_mut().unwrap());
        let (touch, keys) = (Device::connect(&touch), Device::connect(&keys));
        let server = guard.0.take().unwrap();
        Self { width, height, display, server, touch, keys, _folder: folder }
    }

    /// Value of `DISPLAY` for a program.
    pub(crate) fn display(&self) -> String {
        format!(":{}", self.display)
    }

    fn send_touch(&mut self, kind: u32, finger: u32, at: Point) {
        let axis = |value: f32, size: u32| f64::from(value) * RANGE / f64::from(size - 1);
        let mut values = [0.0; VALUATORS];
        (values[0], values[1], values[4]) = (axis(at.x, self.width), axis(at.y, self.height), 60.0);
        let mut mask = [0_u8; VALUATORS / 8];
        mask[0] = 0b1_0011;
        let mut body = [finger.to_ne_bytes(), kind.to_ne_bytes()].concat();
        body.extend_from_slice(&[0; 4]); // Number of valuators: not used.
        body.extend_from_slice(&mask);
        body.extend_from_slice(&[0; 4]); // Alignment.
        body.extend(values.iter().flat_map(|value: &f64| value.to_ne_bytes()));
        body.extend_from_slice(&[0; 8 * VALUATORS]); // Unaccelerated values: none.
        self.touch.send_and_wait(TOUCH, &body);
    }

    pub(crate) fn press(&mut self, finger: u32, at: Point) {
        self.send_touch(BEGIN, finger, at);
    }

    pub(crate) fn slide(&mut self, finger: u32, at: Point) {
        self.send_touch(UPDATE, finger, at);
    }

    pub(crate) fn lift(&mut self, finger: u32, at: Point) {
        self.send_touch(END, finger, at);
    }

    pub(crate) fn tap(&mut self, at: Point) {
        self.press(0, at);
        thread::sleep(Duration::from_millis(60));
        self.lift(0, at);
    }

    /// One key by its evdev code.
    fn key(&mut self, code: i32, is_down: bool) {
        let body = [(code + 8).to_ne_bytes(), i32::from(is_down).to_ne_bytes()].concat();
        self.keys.send_and_wait(KEY, &body);
    }

    /// Several keys at once, such as Alt and F4.
    pub(crate) fn chord(&mut self, codes: &[i32]) {
        for code in codes {
            self.key(*code, true);
        }
        for code in codes.iter().rev() {
            self.key(*code, false);
        }
    }

    /// Types as a reader does: digits, letters, Enter.
    pub(crate) fn type_text(&mut self, text: &str, gap: Duration) {
        self.press_keys(text, main_row, gap);
    }

    /// Presses what `board` presses for each character.
    pub(crate) fn press_keys(&mut self, text: &str, board: fn(char) -> Vec<Stroke>, gap: Duration) {
        for c in text.chars() {
            self.strokes(board(c));
            thread::sleep(gap);
        }
    }

    /// Keys that go down and up, at once.
    pub(crate) fn strokes(&mut self, strokes: impl IntoIterator<Item = Stroke>) {
        for stroke in strokes {
            self.key(stroke.code.into(), stroke.is_down);
        }
    }

    /// Sets the keyboard layout with the arguments of `setxkbmap`.
    pub(crate) fn layout(&self, arguments: &[&str]) {
        let set = Command::new("setxkbmap")
            .args(["-rules", "evdev"])
            .args(arguments)
            .env("DISPLAY", self.display())
            .output()
            .unwrap();
        assert!(set.status.success(), "setxkbmap {arguments:?}: {}", String::from_utf8_lossy(&set.stderr));
    }

    /// Types digits and Enter as quickly as the server takes them, without waiting for each to arrive.
    pub(crate) fn type_at_once(&mut self, text: &str) {
        for Stroke { code, is_down } in text.chars().flat_map(main_row) {
            let code = i32::from(code) + 8;
            self.keys.send(KEY, &[code.to_ne_bytes(), i32::from(is_down).to_ne_bytes()].concat());
        }
        self.keys.send(SYNC, &[]);
        self.keys.receive();
    }

    /// Screenshot: RGBA, row by row.
    pub(crate) fn picture(&self) -> Vec<u8> {
        let (server, screen) = x11rb::connect(Some(&self.display())).unwrap();
        let root = server.setup().roots[screen].root;
        let (width, height) = (self.width.try_into().unwrap(), self.height.try_into().unwrap());
        let image =
            server.get_image(ImageFormat::Z_PIXMAP, root, 0, 0, width, height, u32::MAX).unwrap().reply().unwrap();
        // The dummy driver stores blue, green, red and an unused byte.
        image.data.chunks(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0], 255]).collect()
    }

    /// Waits until the condition has held for 400 ms, after which new controls accept touches. Returns the screenshot.
    #[track_caller]
    pub(crate) fn once(&self, what: &str, mut is_it: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
        let deadline = now() + Duration::from_secs(15);
        let mut since = now();
        loop {
            let picture = self.picture();
            if !is_it(&picture) {
                since = now();
            }
            if Duration::from_millis(400) <= since.elapsed() {
                return picture;
            }
            assert!(now() < deadline, "the screen never shows {what}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until something is drawn and has stopped changing. Returns the screenshot.
    #[track_caller]
    pub(crate) fn settled(&self) -> Vec<u8> {
        let mut last = Vec::new();
        self.once("a picture that stays", |picture| {
            let is_drawn = picture.chunks(4).any(|pixel| pixel != &picture[..4]);
            is_drawn && std::mem::replace(&mut last, picture.to_vec()) == picture
        })
    }

    /// Splits the screen into two monitors, a left and a right half.
    pub(crate) fn divide(&self, left: &str, right: &str) {
        let (server, screen) = x11rb::connect(Some(&self.display())).unwrap();
        let root = server.setup().roots[screen].root;
        let outputs = server.randr_get_screen_resources(root).unwrap().reply().unwrap().outputs;
        let half = u16::try_from(self.width / 2).unwrap();
        for (name, x, outputs) in [(left, 0, outputs), (right, half.cast_signed(), Vec::new())] {
            let name = server.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
            let (width_in_millimeters, height_in_millimeters) = (200, 150);
            let (width, height) = (half, u16::try_from(self.height).unwrap());
            let monitor = MonitorInfo {
                name,
                primary: x == 0,
                automatic: false,
                x,
                y: 0,
                width,
                height,
                width_in_millimeters,
                height_in_millimeters,
                outputs,
            };
            server.randr_set_monitor(root, monitor).unwrap().check().unwrap();
        }
    }

    /// Sets the size of the monitor. `None`: it is unplugged.
    pub(crate) fn show(&self, size: Option<(u32, u32)>) {
        let (server, screen) = x11rb::connect(Some(&self.display())).unwrap();
        let root = server.setup().roots[screen].root;
        let resources = server.randr_get_screen_resources(root).unwrap().reply().unwrap();
        let (crtc, output) = (resources.crtcs[0], resources.outputs[0]);
        let set = |mode: u32, outputs: &[u32]| {
            let time = x11rb::CURRENT_TIME;
            let rotation = x11rb::protocol::randr::Rotation::ROTATE0;
            let set =
                server.randr_set_crtc_config(crtc, time, resources.config_timestamp, 0, 0, mode, rotation, outputs);
            let _ = set.unwrap().reply().unwrap();
        };
        set(x11rb::NONE, &[]);
        let Some((width, height)) = size else { return };
        let is_asked = |mode: &&x11rb::protocol::randr::ModeInfo| {
            (u32::from(mode.width), u32::from(mode.height)) == (width, height)
        };
        let mode = resources.modes.iter().find(is_asked).unwrap().id;
        let (w, h) = (u16::try_from(width).unwrap(), u16::try_from(height).unwrap());
        server.randr_set_screen_size(root, w, h, 300, 200).unwrap().check().unwrap();
        set(mode, &[output]);
    }

    /// Size of the largest window, which is the kiosk's.
    pub(crate) fn window_size(&self) -> (u32, u32) {
        let (server, screen) = x11rb::connect(Some(&self.display())).unwrap();
        let root = server.setup().roots[screen].root;
        let windows = server.query_tree(root).unwrap().reply().unwrap().children;
        let sizes = windows.into_iter().map(|window| server.get_geometry(window).unwrap().reply().unwrap());
        sizes.map(|size| (u32::from(size.width), u32::from(size.height))).max().unwrap_or_default()
    }

    /// Gives the keyboard to the largest window, as a window manager does.
    pub(crate) fn focus(&self) {
        let (server, screen) = x11rb::connect(Some(&self.display())).unwrap();
        let root = server.setup().roots[screen].root;
        let windows = server.query_tree(root).unwrap().reply().unwrap().children;
        let size = |window: &u32| server.get_geometry(*window).unwrap().reply().unwrap();
        let largest = windows.into_iter().max_by_key(|window| u32::from(size(window).width)).expect("no window");
        server.set_input_focus(InputFocus::PARENT, largest, x11rb::CURRENT_TIME).unwrap().check().unwrap();
    }

    /// A fast reader of single pixels.
    pub(crate) fn eye(&self) -> Eye {
        let (server, screen) = x11rb::connect(Some(&self.display())).unwrap();
        let root = server.setup().roots[screen].root;
        Eye { server, root }
    }

    /// Asks the kiosk's window to close with a `WM_DELETE_WINDOW` message, as a window manager does.
    pub(crate) fn ask_to_close(&self) {
        let (server, screen) = x11rb::connect(Some(&self.display())).unwrap();
        let root = server.setup().roots[screen].root;
        let atom = |name: &str| server.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
        let (protocols, delete) = (atom("WM_PROTOCOLS"), atom("WM_DELETE_WINDOW"));
        let is_ours = |window: &u32| {
            let name =
                server.get_property(false, *window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64).unwrap().reply().unwrap();
            name.value == b"vestibule"
        };
        let windows = server.query_tree(root).unwrap().reply().unwrap().children;
        let window = windows.into_iter().find(is_ours).expect("the kiosk has no window");
        let message = ClientMessageEvent::new(32, window, protocols, [delete, x11rb::CURRENT_TIME, 0, 0, 0]);
        server.send_event(false, window, EventMask::NO_EVENT, message).unwrap().check().unwrap();
    }

    /// Kills the server while programs are connected to it.
    pub(crate) fn pull_the_plug(&mut self) {
        self.server.kill().unwrap();
        let _ = self.server.wait().unwrap();
    }
}

/// Reads single pixels over a connection that stays open.
pub(crate) struct Eye {
    server: x11rb::rust_connection::RustConnection,
    root: u32,
}

impl Eye {
    /// The current pixel at this position, as the server stores it.
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "whole pixels")]
    pub(crate) fn pixel(&self, at: Point) -> Vec<u8> {
        let (x, y) = (at.x as i16, at.y as i16);
        let image = self.server.get_image(ImageFormat::Z_PIXMAP, self.root, x, y, 1, 1, u32::MAX).unwrap();
        image.reply().unwrap().data
    }
}

impl Drop for Touchscreen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = fs::remove_file(format!("/tmp/.X11-unix/X{}", self.display));
        let _ = fs::remove_file(format!("/tmp/.X{}-lock", self.display));
    }
}

/// Kills a server that fails to start.
struct Guard(Option<Child>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(server) = &mut self.0 {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn wait_for_display(file: &PathBuf, server: &mut Child) -> u32 {
    let deadline = now() + Duration::from_secs(30);
    loop {
        if let Some(display) = fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok()) {
            return display;
        }
        assert!(server.try_wait().unwrap().is_none(), "Xorg ended at once: are its drivers installed? See README");
        assert!(now() < deadline, "Xorg did not start");
        thread::sleep(Duration::from_millis(50));
    }
}

fn configuration(width: u32, height: u32, touch: &Path, keys: &Path) -> String {
    let (touch, keys) = (touch.display(), keys.display());
    let (h1, h2, h3) = (width + 40, width + 80, width + 120);
    let (v1, v2, v3) = (height + 3, height + 9, height + 20);
    format!(
        r#"
Section "ServerFlags"
  Option "AutoAddDevices" "false"
  Option "DontVTSwitch" "true"
EndSection
Section "Device"
  Identifier "card"
  Driver "dummy"
  VideoRam 256000
EndSection
Section "Monitor"
  Identifier "panel"
  HorizSync 5.0-1000.0
  VertRefresh 5.0-1000.0
  Modeline "kiosk" 100.0 {width} {h1} {h2} {h3} {height} {v1} {v2} {v3}
  Modeline "small" 40.0 800 840 880 920 480 483 489 500
EndSection
Section "Screen"
  Identifier "screen"
  Device "card"
  Monitor "panel"
  DefaultDepth 24
  SubSection "Display"
    Depth 24
    Modes "kiosk" "small"
    Virtual {width} {height}
  EndSubSection
EndSection
Section "InputDevice"
  Identifier "touch"
  Driver "inputtest"
  Option "SocketPath" "{touch}"
  Option "DeviceType" "Touch"
  Option "TouchCount" "10"
EndSection
Section "InputDevice"
  Identifier "keys"
  Driver "inputtest"
  Option "SocketPath" "{keys}"
  Option "DeviceType" "Keyboard"
  Option "XkbRules" "evdev"
EndSection
Section "ServerLayout"
  Identifier "layout"
  Screen "screen"
  InputDevice "touch" "CorePointer"
  InputDevice "keys" "CoreKeyboard"
EndSection
"#
    )
}
