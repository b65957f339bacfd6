'use strict';

// Numbers, sizes and times for people.

const numbers = new Intl.NumberFormat('en');
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function count(value) {
  return numbers.format(value);
}

function plural(value, one, many = one + 's') {
  return `${count(value)} ${value === 1 ? one : many}`;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// What the API says of an error is a line without a full stop.
function sentence(text) {
  return /[.!?]$/.test(text) ? capital(text) : capital(text) + '.';
}

function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let unit = 0;
  while (value >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    ++unit;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

function rate(perSecond) {
  return perSecond < 1 ? '0 B/s' : bytes(perSecond) + '/s';
}

// Two units say enough: "2 h 5 min".
function duration(milliseconds) {
  const seconds = Math.max(0, milliseconds / 1000);
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  const steps = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const first = Math.max(0, steps.findIndex(([size]) => seconds >= size));
  const [size, unit] = steps[first];
  const text = `${Math.floor(seconds / size)} ${unit}`;
  const next = steps[first + 1];
  const rest = next ? Math.floor((seconds % size) / next[0]) : 0;
  return rest > 0 ? `${text} ${rest} ${next[1]}` : text;
}

function clock(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (value) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  if (hours >= 48) {
    return duration(milliseconds);
  }
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

function absolute(time) {
  const date = new Date(time);
  const two = (value) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

// For titles: here, and as the log of the daemon has it.
function absoluteInFull(time) {
  return `${absolute(time)} ${zone}, ${new Date(time).toISOString()}`;
}

function relative(time, now) {
  const distance = Math.abs(now - time);
  const steps = [[86400e3, 'd'], [3600e3, 'h'], [60e3, 'min'], [1e3, 's']];
  const step = steps.find(([size]) => distance >= size);
  if (!step || distance < 3e3) {
    return 'just now';
  }
  const text = `${Math.floor(distance / step[0])} ${step[1]}`;
  return time > now ? `in ${text}` : `${text} ago`;
}

function shortDigest(digest) {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12);
}
