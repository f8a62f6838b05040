// Consumes with nsqjs from every broker that a lookup service knows of. Writes each message's body as a line when it is finished, and
// ends when its input does.
'use strict'

const {Reader} = require('nsqjs')

const [lookup, topic, channel] = process.argv.slice(2)

const reader = new Reader(topic, channel, {
  lookupdHTTPAddresses: lookup,
  lookupdPollInterval: 1,
  lookupdPollJitter: 0.1,
  maxInFlight: 60,
  messageTimeout: 60000,
})
reader.on(Reader.MESSAGE, (message) => {
  process.stdout.write(`${message.body.toString()}\n`)
  message.finish()
})
// A broker that goes away is an error to the reader, and no reason to end.
reader.on(Reader.ERROR, (error) => process.stderr.write(`${error.message}\n`))
reader.connect()

process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
