using System.Text;
using Broker.Channels;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Topics;

namespace Broker.Tests.Gateway;

/// <summary>A topic that keeps what is published in a list and passes it on to its channels at once.</summary>
internal sealed class FakeTopic(FakeGrains grains, string name) : ITopicGrain
{
    private readonly Lock _gate = new();
    private readonly List<PublishRequest> _requests = [];
    private readonly List<MessageBatch> _log = [];
    private PublishSequences _sequences = new();
    private readonly SortedDictionary<string, long> _channels = [];
    private long _end;

    /// <summary>Every request, in the order of arrival, retries included.</summary>
    public List<PublishRequest> Requests
    {
        get
        {
            // Calls go on while a test looks.
            lock (_gate)
                return [.. _requests];
        }
    }

    /// <summary>The batches that were appended.</summary>
    public List<MessageBatch> Log
    {
        get
        {
            lock (_gate)
                return [.. _log];
        }
    }

    public int Creations { get; private set; }

    public ulong IdPrefix { get; } = MessageId.Prefix(3, 5);

    /// <summary>Answers instead of appending when it returns something.</summary>
    public Func<PublishRequest, ValueTask<TopicReply>?>? OnPublish { get; set; }

    /// <summary>Answers instead of making the channel, which its argument does.</summary>
    public Func<Func<ChannelReply>, ValueTask<ChannelReply>>? OnCreateChannel { get; set; }

    public string[] Bodies
    {
        get
        {
            lock (_gate)
                return [.. _log.SelectMany(BodiesOf)];
        }
    }

    public static IEnumerable<string> BodiesOf(MessageBatch batch)
    {
        int position = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            yield return Encoding.Latin1.GetString(batch.BodyAt(position).Span);
            position += batch.SizeAt(position);
        }
    }

    public ValueTask<TopicReply> CreateAsync()
    {
        lock (_gate)
            Creations++;
        return new(TopicReply.Ok);
    }

    public ValueTask<TopicReply> PublishAsync(PublishRequest request)
    {
        lock (_gate)
            _requests.Add(request);
        return OnPublish?.Invoke(request) ?? new ValueTask<TopicReply>(Append(request));
    }

    public TopicReply Append(PublishRequest request)
    {
        MessageBatch batch;
        lock (_gate)
        {
            switch (_sequences.Judge(request.Publisher, request.Sequence, request.Lowest))
            {
                case SequenceVerdict.InLog:
                    return TopicReply.Ok;
                case SequenceVerdict.Unknown:
                    return new TopicReply(TopicStatus.Unknown, "it is not known");
            }
            _sequences.Add(request.Publisher, request.Sequence, request.Lowest);
            batch = request.Batch.At(_end);
            _end = batch.EndOffset;
            _log.Add(batch);
            foreach (string channel in _channels.Keys)
                grains.Channel(name, channel).Take(batch);
        }
        return TopicReply.Ok;
    }

    /// <summary>As if the topic had been activated anew: it knows what the log remembers.</summary>
    public void Reopen()
    {
        lock (_gate)
            _sequences = new PublishSequences(_sequences.ToDictionary());
    }

    public ValueTask<ChannelReply> AddChannelAsync(string channel) => CreateChannelAsync(channel);

    public ValueTask<ChannelReply> CreateChannelAsync(string channel) =>
        OnCreateChannel?.Invoke(() => CreateChannel(channel)) ?? new ValueTask<ChannelReply>(CreateChannel(channel));

    private ChannelReply CreateChannel(string channel)
    {
        lock (_gate)
        {
            if (!_channels.TryGetValue(channel, out long incarnation))
            {
                incarnation = _channels[channel] = _channels.Count + 1;
                FakeChannel made = grains.Channel(name, channel);
                made.Incarnation = incarnation;
                made.IdPrefix = IdPrefix;
                if (_channels.Count == 1)
                    _log.ForEach(made.Take);
            }
            return new ChannelReply { Status = TopicStatus.Ok, Incarnation = incarnation, IdPrefix = IdPrefix };
        }
    }

    public ValueTask<ChannelReply> DescribeChannelAsync(string channel) => throw new NotSupportedException();

    public ValueTask<TopicReply> DeleteAsync() => throw new NotSupportedException();

    public ValueTask<TopicReply> EmptyAsync() => throw new NotSupportedException();

    public ValueTask<TopicReply> PauseAsync(bool paused) => throw new NotSupportedException();

    public ValueTask<TopicReply> DeleteChannelAsync(string channel, long incarnation) => throw new NotSupportedException();

    public ValueTask<TopicReply> EmptyChannelAsync(string channel) => throw new NotSupportedException();

    public ValueTask<TopicReply> PauseChannelAsync(string channel, bool paused) => throw new NotSupportedException();

    public ValueTask<PolicyReply> PolicyAsync(string channel) => throw new NotSupportedException();

    public ValueTask<TopicReply> ChangePolicyAsync(TopicPolicy policy, TopicPolicy? expected) => throw new NotSupportedException();

    public ValueTask<TopicReply> ChangeChannelPolicyAsync(string channel, ChannelPolicy policy, ChannelPolicy? expected) => throw new NotSupportedException();

    public ValueTask<PeekReply> PeekHeldAsync(PeekRequest request) => throw new NotSupportedException();

    public ValueTask<PeekReply> PeekAsync(string channel, PeekRequest request) => throw new NotSupportedException();

    public ValueTask<TopicReply> RequeueMessageAsync(string channel, ulong id) => throw new NotSupportedException();

    public ValueTask<TopicReply> FinishMessageAsync(string channel, ulong id) => throw new NotSupportedException();

    public ValueTask<DeadReply> DeadAsync(string channel, DeadRequest request) => throw new NotSupportedException();

    public ValueTask<DeadDiscardReply> DiscardDeadAsync(string channel, DeadFilter filter, long from) => throw new NotSupportedException();

    public ValueTask<TopicReply> RedriveAsync(string channel, Redrive? redrive) => throw new NotSupportedException();

    public ValueTask<RedriveReply> DescribeRedriveAsync(string channel) => throw new NotSupportedException();

    public ValueTask<TopicReply> EndRedriveAsync(string channel, long incarnation, long started) => throw new NotSupportedException();

    public ValueTask<TopicStats> StatsAsync(StatsRequest request) => throw new NotSupportedException();

    public ValueTask<ChannelReply> ReportAsync(string channel, ChannelReport report) => throw new NotSupportedException();
}
