#!/usr/bin/perl
# What a client inside the guest sees of MariaDB, and nothing of what stillshot says: asks SELECT 1 every half second over one
# connection, sees its end at once, and writes every change, and a sign of life each second, to the serial console, or to standard
# output where a third argument says "-". There it is seen outside at
# once, whatever becomes of network, disks and the guest itself.
#
#   observer BOOT UPTIME_MS up PID | hung PID | running PID… | gone     no process of a server: gone
#   observer BOOT UPTIME_MS leak PID                                    a command line holds the canary of CANARY_FILE
use strict;
use warnings;
use Socket;
use Time::HiRes qw(sleep time);
use IO::Handle;

my ($socket_path, $canary_path, $to) = @ARGV;
my $boot = substr(slurp('/proc/sys/kernel/random/boot_id'), 0, 8);
my $canary = slurp($canary_path);
chomp $canary;
my $console = *STDOUT;
if (($to // '') ne '-') { open($console, '>', '/dev/ttyS0') or die }
$console->autoflush(1);
$SIG{PIPE} = 'IGNORE';

my ($server, $pid, $asked_at, $said, $said_at, $looked_at) = (undef, 0, 0, '', 0, 0);
while (1) {
  my $state = look();
  my $now = time();
  if ($state ne $said || $now - $said_at >= 1 || $now < $said_at) {
    say_line($state);
    ($said, $said_at) = ($state, $now);
  }
  if (abs($now - $looked_at) >= 2) {
    look_for_leaks();
    $looked_at = $now;
  }
  pause($state);
}

# While a server is up, the end of its connection wakes us at once.
sub pause {
  # A server that ends is looked at often: a snapshot may follow at once.
  return sleep(0.02) if $_[0] =~ /^running /;
  return sleep(0.2) unless $_[0] =~ /^up /;
  my $bits = '';
  vec($bits, fileno($server), 1) = 1;
  select($bits, undef, undef, 0.4);
}

sub say_line {
  my ($uptime) = split / /, slurp('/proc/uptime');
  printf {$console} "\nobserver %s %d %s\n", $boot, $uptime * 1000, $_[0];
}

# One question at a time: a server that does not answer is asked nothing more until it does.
sub look {
  return servers() unless $server || log_in();
  if (!$asked_at) {
    return lost() unless defined syswrite($server, "\x09\0\0\0\x03SELECT 1");
    $asked_at = time();
  }
  my $answer = answer(0.5);
  return lost() if !defined $answer;
  return "hung $pid" if $answer eq '';
  $asked_at = 0;
  return "up $pid";
}

sub lost {
  close($server) if $server;
  ($server, $asked_at) = (undef, 0);
  return servers();
}

sub log_in {
  socket(my $try, PF_UNIX, SOCK_STREAM, 0) or return 0;
  return 0 unless connect($try, pack_sockaddr_un($socket_path));
  ($pid) = unpack('i', getsockopt($try, SOL_SOCKET, 17));
  $server = $try;
  my $greeting = answer(1);
  if (!$greeting) { lost(); return 0 }
  my $body = pack('VVC', 0x88201, 1 << 24, 33) . "\0" x 23 . "observer\0\0mysql_native_password\0";
  syswrite($server, substr(pack('V', length $body), 0, 3) . "\1" . $body);
  my $welcome = answer(1);
  # Any answer but OK: the server is there and not ready for us.
  if (!$welcome || substr($welcome, 4, 1) ne "\0") { lost(); return 0 }
  return 1;
}

# What came within this time, '' for nothing, undef when the connection ended.
sub answer {
  my $bits = '';
  vec($bits, fileno($server), 1) = 1;
  return '' unless select($bits, undef, undef, $_[0]);
  my $got = sysread($server, my $bytes, 65536);
  return $got ? $bytes : undef;
}

sub servers {
  my @found;
  for my $path (glob('/proc/[0-9]*/comm')) {
    my $name = slurp($path);
    push @found, $path =~ /(\d+)/ if $name =~ /^(mariadbd|mysqld)$/m;
  }
  return @found ? "running @found" : 'gone';
}

sub look_for_leaks {
  return if $canary eq '';
  for my $path (glob('/proc/[0-9]*/cmdline')) {
    say_line("leak " . $path =~ s/\D//gr) if index(slurp($path), $canary) >= 0;
  }
}

sub slurp {
  open(my $file, '<', $_[0]) or return '';
  local $/;
  my $text = <$file>;
  return defined $text ? $text : '';
}
