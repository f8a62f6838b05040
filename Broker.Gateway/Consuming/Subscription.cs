using Broker.Channels;
using Broker.Gateway.Telemetry;
using Broker.Gateway.Timing;
using Broker.Protocol;
using Broker.Topics;

namespace Broker.Gateway.Consuming;

/// <summary>What a SUB makes: a consumer, and the link by which it speaks to its channel.</summary>
internal sealed class Subscription
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly ChannelLinks _links;

    private Subscription(ChannelLinks links, Consumer consumer, ChannelLink link)
    {
        _links = links;
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
        IConsumerConnection connection, ChannelLinks links, string topic, string channel)
    {
        for (bool isLast = false; ; isLast = true)
        {
            ChannelReply made = await CreateChannelAsync(links, topic, channel);
            if (made.Status == TopicStatus.Exiting)
                return (null, ProtocolError.SubFailed("exiting"));
            if (made.Status != TopicStatus.Ok)
                return (null, ProtocolError.SubFailed(made.Error ?? "failed"));

            ChannelLink link = links.LinkTo(ChannelKey.Of(topic, channel), made.Incarnation);
            Consumer consumer = new(connection, links.Options);
            links.Add(consumer);
            AttachReply reply = await link.JoinAsync(consumer);
            if (reply.Status == AttachStatus.Ok)
                return (new Subscription(links, consumer, link), null);

            links.Remove(consumer);
            if (reply.Status == AttachStatus.TooManyConsumers)
                return (null, ProtocolError.TooManyConsumers(topic, channel, links.Options.MaxChannelConsumers));
            if (reply.Status != AttachStatus.Gone)
                return (null, ProtocolError.SubFailed(reply.Error ?? "failed"));
            // An ephemeral channel may vanish just as it is joined; as in nsqd it gets a second chance.
            if (isLast)
                return (null, ProtocolError.SubToDeleted);
            await Task.Delay(RetryDelay, links.Time);
        }
    }

    /// <summary>The connection ends.</summary>
    public void End()
    {
        Consumer.Leave();
        _links.Remove(Consumer);
        Link.Leave(Consumer);
    }

    private static async ValueTask<ChannelReply> CreateChannelAsync(ChannelLinks links, string topic, string channel)
    {
        ITopicGrain grain = links.Grains.GetGrain<ITopicGrain>(topic);
        long started = links.Time.GetTimestamp();
        RetryPause retry = new(links.Random);
        while (true)
        {
            long asked = links.Time.GetTimestamp();
            Exception fault;
            try
            {
                return await grain.CreateChannelAsync(channel);
            }
            catch (Exception e)
            {
                fault = e;
                links.Logger.CreateChannelRetried(e, ChannelKey.Of(topic, channel));
            }
            TimeSpan pause = retry.After(fault, links.Time.GetElapsedTime(asked));
            if (links.Time.GetElapsedTime(started) + pause >= links.Options.PublishDeadline)
                return new ChannelReply { Status = TopicStatus.Failed, Error = "no answer from the topic" };
            await Task.Delay(pause, links.Time);
        }
    }
}
