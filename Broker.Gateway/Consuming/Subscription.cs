using Broker.Channels;
using Broker.Gateway.Telemetry;
using Broker.Protocol;
using Broker.Topics;

namespace Broker.Gateway;

/// <summary>What a SUB makes: a consumer, and the link by which it speaks to its channel.</summary>
internal sealed class Subscription
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly NsqGateway _gateway;

    private Subscription(NsqGateway gateway, Consumer consumer, ChannelLink link)
    {
        _gateway = gateway;
        Consumer = consumer;
        Link = link;
    }

    /// <summary>The connection's part in the channel.</summary>
    public Consumer Consumer { get; }

    /// <summary>The way to the channel.</summary>
    public ChannelLink Link { get; }

    /// <summary>Makes topic and channel where they are not there yet, and joins; names are valid.</summary>
    /// <returns>The subscription, or the error that the SUB gets.</returns>
    public static async ValueTask<(Subscription? Subscription, ProtocolError? Error)> MakeAsync(
        NsqConnection connection, NsqGateway gateway, string topic, string channel)
    {
        for (bool isLast = false; ; isLast = true)
        {
            ChannelReply made = await CreateChannelAsync(gateway, topic, channel);
            if (made.Status == TopicStatus.Exiting)
                return (null, ProtocolError.SubFailed("exiting"));
            if (made.Status != TopicStatus.Ok)
                return (null, ProtocolError.SubFailed(made.Error ?? "failed"));

            ChannelLink link = gateway.LinkTo(ChannelKey.Of(topic, channel), made.Incarnation);
            Consumer consumer = new(connection, gateway.Options);
            gateway.Add(consumer);
            AttachReply reply = await link.JoinAsync(consumer);
            if (reply.Status == AttachStatus.Ok)
                return (new Subscription(gateway, consumer, link), null);

            gateway.Remove(consumer);
            if (reply.Status == AttachStatus.TooManyConsumers)
                return (null, ProtocolError.TooManyConsumers(topic, channel, gateway.Options.MaxChannelConsumers));
            if (reply.Status != AttachStatus.Gone)
                return (null, ProtocolError.SubFailed(reply.Error ?? "failed"));
            // An ephemeral channel may vanish just as it is joined; as in nsqd it gets a second chance.
            if (isLast)
                return (null, ProtocolError.SubToDeleted);
            await Task.Delay(RetryDelay, gateway.Time);
        }
    }

    /// <summary>The connection ends.</summary>
    public void End()
    {
        Consumer.Leave();
        _gateway.Remove(Consumer);
        Link.Leave(Consumer);
    }

    private static async ValueTask<ChannelReply> CreateChannelAsync(NsqGateway gateway, string topic, string channel)
    {
        ITopicGrain grain = gateway.Grains.GetGrain<ITopicGrain>(topic);
        long started = gateway.Time.GetTimestamp();
        while (true)
        {
            try
            {
                return await grain.CreateChannelAsync(channel);
            }
            catch (Exception e)
            {
                gateway.Logger.CreateChannelRetried(e, ChannelKey.Of(topic, channel));
            }
            if (gateway.Time.GetElapsedTime(started) + RetryDelay >= gateway.Options.PublishDeadline)
                return new ChannelReply { Status = TopicStatus.Failed, Error = "no answer from the topic" };
            await Task.Delay(RetryDelay, gateway.Time);
        }
    }
}
