#!/usr/bin/env node
console.log('tanist');
