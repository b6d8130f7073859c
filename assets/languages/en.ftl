# Screen texts in English. Every other language file has the same keys.

# Nobody is signed in.
prompt = Type your PIN or scan your badge
prompt-pin = Type your PIN
prompt-badge = Scan your badge
prompt-number = Type your badge number, then OK
prompt-pin-of-badge = Now type your PIN
back = Delete
enter = OK
type-badge = Badge number
checking = One moment…
help-title = Help
samples = Demo: sample staff
out-of-order = This kiosk cannot work right now
use-a-card = Your card or phone still works at the door.

# Why nobody is signed in, and what to do.
not-known = That did not work. Try again, or ask at reception.
not-read = That was not a badge number. Try again.
key-stuck = A key is held down on the keyboard. Release it.
still-there = Take the badge away for five seconds, then present it again.
reader-missing-pin = A badge reader does not work. Use your PIN.
reader-missing = A badge reader does not work.
login-dead = Your access must be renewed. Ask at reception.
not-here = Not known while offline. Use your card.
kiosk-fault = This kiosk has a problem. Use your card.
too-slow = That took too long. Try again.
too-many-guesses = Too many wrong entries. Wait until you can type again.
too-many-guesses-badges = Too many wrong entries. Badges still work.
typing-again = You can type again in

# What is wrong between the kiosk and Kisi. The texts differ, so that support can tell the causes apart on the phone.
network-name = No network or no name server. Use your card.
network-unreachable = The door service cannot be reached. Use your card.
network-proxy = The proxy blocks this kiosk. Use your card.
network-unsafe = The connection is not secure. Use your card.
network-clock = This kiosk's clock is wrong. Use your card.
network-portal = The network requires a sign-in. Use your card.
network-intercepted = Something on the network answers instead of the door service. Use your card.
network-no-answer = The door service did not answer in time. Try again.
network-kisi = The door service has a problem. Use your card.
disk = This kiosk cannot write its records. Use your card.

# Somebody is signed in.
hello = Hello { $name }
tap-a-door = Tap a door to unlock it
tap-the-door = Tap the door to unlock it
type-a-name = Tap a door, or type its name or number
search-field = Type a name or a number
incomplete = Not all of your doors can be shown here
no-doors = Kisi lists no doors for you
no-doors-advice = Ask the person who manages access in your company.
sign-out = Sign out
other-doors = Other doors
all-doors = All doors
lock-screen = Lock
found = { $letters }: { $count ->
        [one] { $count } door
       *[other] { $count } doors
    }
doors =
    { $count ->
        [one] { $count } door
       *[other] { $count } doors
    }
sum-locked = { $count } locked
sum-offline = { $count } may not answer
sum-not-set-up = { $count } not set up
time-24 = { $hour }:{ $minute }
time = { $hour12 }:{ $minute } { $half ->
        [am] AM
       *[pm] PM
    }
still-here = I'm still here
second-person = { $door } needs a second person: scan or type
second-waits = { $name } is here. Waiting for { $seconds } s more.
new-badge = New badge? Type your PIN to add it
badge-ending = Badge ending in { $digits }
not-now = Not now
signing-out = Signing out in { $seconds } s
more-doors = { $page }/{ $pages }
typed = { $number }: { $door }. Press Enter to unlock it.
typed-none = { $number }: there is no such door.

# On a tile, before a tap.
locked-down = Locked down
locked-down-since =
    Locked since { $day } { $month ->
        [1] Jan
        [2] Feb
        [3] Mar
        [4] Apr
        [5] May
        [6] Jun
        [7] Jul
        [8] Aug
        [9] Sep
        [10] Oct
        [11] Nov
       *[12] Dec
    }
locked-down-at-24 = Locked since { $time }
locked-down-at = Locked at { $time }
not-set-up = Not set up yet
open = Open already
offline = May not answer
needs-reader = Only at the reader
needs-position = Not from this kiosk
tap-again = Tap again
again-in = Again in { $seconds } s
again-at = Again at { $time }
none-left = No more for now
left = { $left } of { $of } left

# On a tile, after a tap. "Accepted" does not mean open: that is not known yet.
sending = Sending…
accepted = Accepted
opened = Door opened
still-closed = Still closed
refused = Refused
not-sent = Not sent
unknown = No answer

# What happened, and what to do.
accepted-advice = Kisi accepted it. Open the door.
opened-advice = Please go through.
still-closed-advice = Kisi accepted it, but the door is still closed. Push or pull it, or use your card.
not-sent-advice = The door service cannot be reached. Try again, or use your card.
not-recorded-advice = This kiosk cannot keep its records. Use your card, and tell reception.
wrong-clock-advice = This kiosk's clock is wrong. Use your card, and tell reception.
limited-advice = You have reached your limit for now.
unknown-advice = It was sent, but no answer came. Look at the door before you try again.
unconfirmed-advice = Not confirmed. { $hint } Look at the door first.
with-code = { $said } (code { $code })

# Advice that many refusals share.
ask-reception = Ask at reception.
ask-access = Ask the person who manages access.
use-phone-or-card = Use your phone or card at the reader.
use-card-or-later = Use your card at the reader, or try later.
tell-reception = Use another door, and tell reception.
ask-before = Ask at reception before you try again.
nobody-now = Nobody can open it now. Ask at reception.
push-or-pull = Push or pull it.
wait-a-moment = Wait a moment, then try again.
listed-anew = Your list of doors is being updated.
within-hours = Come back during your access hours.

# Refusals by their class, when the code says nothing more.

class-login = Your access at this kiosk must be renewed.
    .advice = { ask-reception }
class-right = You do not have access to this door.
    .advice = { ask-access }
class-suspended = Your access is switched off.
    .advice = { ask-access }
class-later = Not at this hour.
    .advice = Your access is limited to certain hours.
class-never = This door cannot be opened from a kiosk.
    .advice = { use-phone-or-card }
class-prove = You must be at this door's reader.
    .advice = Use your phone or card there.
class-locked-down = This door is locked down.
    .advice = { nobody-now }
class-gone = This door does not exist any more.
    .advice = { listed-anew }
class-open = This door is open, or opening already.
    .advice = { push-or-pull }
class-offline = The door does not answer.
    .advice = { use-card-or-later }
class-setup = This door is not set up correctly.
    .advice = { tell-reception }
class-partner = A system behind this door failed.
    .advice = { use-card-or-later }
class-zone = An alarm keeps this door shut.
    .advice = { ask-before }
class-foreign = Kisi refused it.
    .advice = Use your card, or ask at reception.
class-other = Kisi refused it.
    .advice = Use your card, or ask at reception.
class-too-fast = That was too quick.
    .advice = { wait-a-moment }

# Kisi's codes.

code-afc496 = Kisi does not accept your login any more.
    .advice = { ask-reception }
code-afc507 = Your sign-in link is not valid any more.
    .advice = { ask-reception }
code-afc516 = Kisi does not accept your login any more.
    .advice = { ask-reception }
code-afc526 = Kisi requires a second factor for your login.
    .advice = { ask-reception }
code-afc536 = Kisi does not accept the second factor of your login.
    .advice = { ask-reception }
code-afc546 = Kisi does not accept the backup code of your login.
    .advice = { ask-reception }
code-facced = Kisi cannot read the certificate of your login.
    .advice = { ask-reception }
code-fcd8ef = You do not have access to this door.
    .advice = { ask-access }
code-f35ade = Your access to this door has ended.
    .advice = { ask-access }
code-f398de = Your access to this door is not valid.
    .advice = { ask-access }
code-fcd8ff = Your access is switched off.
    .advice = { ask-access }
code-f358de = Your access to this door has not started yet.
    .advice = { ask-access }
code-34ffaa = You cannot open this door at this hour.
    .advice = { within-hours }
code-f01337 = Your access does not include apps or kiosks.
    .advice = { use-phone-or-card }
code-bbc93f = This door opens only with a phone held to its reader.
    .advice = { use-phone-or-card }
code-34bd8f = This door opens only with your own phone.
    .advice = { use-phone-or-card }
code-a3995f = The kiosk is too far from this door.
    .advice = { use-phone-or-card }
code-bbb99f = The position of this kiosk is not valid.
    .advice = { use-phone-or-card }
code-a7793f = This door requires your location.
    .advice = { use-phone-or-card }
code-a3799f = This door requires your location.
    .advice = { use-phone-or-card }
code-a3793f = This door requires your location.
    .advice = { use-phone-or-card }
code-bb4faa = You are not close enough to this door.
    .advice = { use-phone-or-card }
code-bb5bff = This door's reader was not detected.
    .advice = { use-phone-or-card }
code-bb4bff = You must be at this door's reader.
    .advice = { use-phone-or-card }
code-bb4fff = You must be at this door's reader.
    .advice = { use-phone-or-card }
code-fad001 = This door is locked down.
    .advice = { nobody-now }
code-fad002 = The whole place is locked down.
    .advice = Nobody can enter or leave now. Ask at reception.
code-fad10e = This door does not exist any more.
    .advice = { listed-anew }
code-fad110 = This door is unlocked on a schedule.
    .advice = { push-or-pull }
code-fad112 = This lock is opening already.
    .advice = Wait a moment, then push or pull.
code-fac001 = The controller of this door does not answer.
    .advice = { use-card-or-later }
code-fac002 = The controller of this door does not answer.
    .advice = { use-card-or-later }
code-fac003 = The lock does not answer.
    .advice = { use-card-or-later }
code-fac004 = The lock does not answer.
    .advice = { use-card-or-later }
code-fad106 = The wireless lock cannot be found.
    .advice = { use-card-or-later }
code-fad107 = The wireless lock is offline.
    .advice = { use-card-or-later }
code-fad10f = The wireless lock cannot be reached.
    .advice = { use-card-or-later }
code-fbc000 = The controller of this door is being updated.
    .advice = { wait-a-moment }
code-bbb93f = This door has no position in Kisi.
    .advice = { tell-reception }
code-ff420a = This door has no controller.
    .advice = { tell-reception }
code-fad105 = This door is not set up correctly.
    .advice = { tell-reception }
code-fad108 = The controller of this door is not set up yet.
    .advice = { tell-reception }
code-abbb11 = The system behind this door failed.
    .advice = { use-card-or-later }
code-abcc11 = The system behind this door does not know it.
    .advice = { tell-reception }
code-abdd11 = The system behind this door cannot be reached.
    .advice = { use-card-or-later }
code-abee11 = The system behind this door refused.
    .advice = { tell-reception }
code-abfe11 = The system behind this door is not set up correctly.
    .advice = { tell-reception }
code-abff11 = The system behind this door is switched off.
    .advice = { tell-reception }
code-fad137 = An alarm keeps this door shut.
    .advice = { ask-before }
code-fad126 = The alarm zone of this door does not exist.
    .advice = { ask-before }
code-aaa345 = The alarm zone of this door has no controller.
    .advice = { ask-before }
code-fad129 = The alarm controller does not answer.
    .advice = { ask-before }
code-adf234 = The alarm could not be reset.
    .advice = { ask-before }
code-fad144 = The alarm is still triggered.
    .advice = { ask-before }
code-fad146 = The alarm is still armed.
    .advice = { ask-before }
code-fad121 = This elevator stop does not exist.
    .advice = { tell-reception }
code-fad122 = This elevator stop is not set up.
    .advice = { tell-reception }
code-fad123 = The elevator stops are locked down.
    .advice = Nobody can use them now. Ask at reception.
code-fad124 = This elevator stop is open on a schedule.
    .advice = Just call the elevator.
code-fad334 = The elevator stop was not released.
    .advice = { use-card-or-later }
code-f298cf = Links are switched off for you here.
    .advice = { ask-access }
code-f298df = Your access does not include links.
    .advice = { ask-access }
code-f298bf = The access behind this link is not valid.
    .advice = { ask-access }
code-f29aef = This link is not valid.
    .advice = { ask-access }
code-faa9ef = Kisi does not know this card.
    .advice = { ask-access }
code-faa9ff = This card is not activated.
    .advice = { ask-access }
code-cabbeb = A card with this number exists already.
    .advice = { ask-access }
code-ecc123 = The controller of this door failed.
    .advice = { use-card-or-later }
code-ffffff = Kisi had an unexpected error.
    .advice = { use-card-or-later }

# The technician.
prompt-technician = Technician PIN
no-technician = No technician PIN yet. Run: vestibule technician pin
technician = For the technician
restore-guesses = Guesses
reload = Reload
leave = End
done = Done
closes-in = Closes in { $time }
leave-again = Touch again to end the kiosk
guesses-restored = All guesses restored
about-network = Network
about-clock = Clock
about-logins = Logins
about-fleet = Fleet
about-disk = Disk
about-configuration = Configuration
about-readers = Readers
about-beacons = Bluetooth
about-version = Version
fleet-connected = connected
fleet-comparing = comparing
fleet-away = away
fleet-rolled-back = rolled back
fleet-to-send = { $count } to send
