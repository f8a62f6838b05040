using Broker.Client;
using Broker.Orleans.Streaming.Watching;
using Microsoft.Extensions.Logging;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>Makes the connections of a provider, all with its options.</summary>
internal sealed class BrokerAccess(BrokerStreamOptions options, BrokerPresence presence, ILoggerFactory loggers, TimeProvider time)
{
    /// <summary>How often lookup services are asked.</summary>
    /// <remarks>Also the longest wait before the next attempt to connect, so that a broker that comes back after an hour is found soon.</remarks>
    public static readonly TimeSpan LookupInterval = TimeSpan.FromSeconds(5);

    // Otherwise servers hold messages back to send many at once: for 25 ms at least, 250 ms by default.
    private const int Unbuffered = -1;

    // What is in flight when a silo gives a queue up was given back before, so there is nothing to wait for but the goodbye.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(2);

    public NsqProducer CreateProducer()
    {
        NsqProducerOptions producer = new()
        {
            Addresses = [.. options.Addresses],
            PublishTimeout = options.PublishTimeout,
            Tls = options.Tls,
            AuthSecret = options.AuthSecret,
            Compression = options.Compression,
        };
        return new NsqProducer(producer, new QuietLogger<NsqProducer>(loggers, presence, BrokerPresence.Publishing), time);
    }

    public NsqConsumer CreateConsumer(string topic, string channel, int maxInFlight)
    {
        NsqConsumerOptions consumer = new()
        {
            Topic = topic,
            Channel = channel,
            Addresses = [.. options.Addresses],
            LookupAddresses = [.. options.LookupAddresses],
            LookupInterval = LookupInterval,
            MaxInFlight = maxInFlight,
            AutoRespond = false,
            MaxAttempts = 0,
            MaxBackoff = TimeSpan.Zero,
            MessageTimeout = options.MessageTimeout,
            OutputBufferSize = Unbuffered,
            StopTimeout = StopTimeout,
            Tls = options.Tls,
            AuthSecret = options.AuthSecret,
            Compression = options.Compression,
        };
        return new NsqConsumer(consumer, new QuietLogger<NsqConsumer>(loggers, presence, topic), time);
    }
}
