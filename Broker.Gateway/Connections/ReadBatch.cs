using System.Buffers;
using Broker.Channels;
using Broker.Gateway.Consuming;
using Broker.Gateway.Publishing;
using Broker.Gateway.Telemetry;
using Broker.Messages;
using Broker.Protocol;
using Broker.Topics;

namespace Broker.Gateway.Connections;

/// <summary>
/// The commands that one read of a connection brought: what they add up to, and the replies that they will get, in their
/// order. Between reads it holds no memory.
/// </summary>
/// <param name="metrics">Counts the errors.</param>
internal sealed class ReadBatch(GatewayMetrics metrics)
{
    /// <summary>Why a FIN, REQ or TOUCH of an unknown message failed.</summary>
    public const string NotInFlight = "ID not in flight";

    // Topics of one read whose publishes wait for its end; with more, some batches are smaller.
    private const int MaxTouched = 16;

    private readonly List<TopicPublisher> _touched = [];
    private Outcome[] _outcomes = [];
    private int _outcomeCount;
    private ConsumerCommand[] _commands = [];
    private int _commandCount;
    private CommandCall? _call;
    private int _callIndex;
    private ulong _idPrefix;

    /// <summary>The replies of the commands that are settled.</summary>
    public ReplyBuffer Replies;

    /// <summary>A command gets this response.</summary>
    public void AddResponse(byte[] data) => Add(new Outcome(OutcomeKind.Response, data, CommandVerb.Unknown, 0, 1));

    /// <summary>A command gets this error, and the connection goes on.</summary>
    public void AddError(ProtocolError error) => Add(new Outcome(OutcomeKind.Error, error, CommandVerb.Unknown, 0, 1));

    /// <summary>A publish gets <c>OK</c> or an error by the outcome of its call, which is sent by <see cref="Start"/>.</summary>
    public void AddPublish(TopicPublisher publisher, PublishCall call, CommandVerb verb)
    {
        if (!_touched.Contains(publisher))
        {
            if (_touched.Count == MaxTouched)
                StartPublishers();
            _touched.Add(publisher);
        }
        if (_outcomeCount > 0 && _outcomes[_outcomeCount - 1] is var last && last.Source == call && last.Verb == verb)
            _outcomes[_outcomeCount - 1].Count++;
        else
            Add(new Outcome(OutcomeKind.Published, call, verb, 0, 1));
    }

    /// <summary>A command goes to the channel, with those of the whole read, by <see cref="Start"/>.</summary>
    public void AddCommand(in ConsumerCommand command)
    {
        if (_outcomeCount > 0 && _outcomes[_outcomeCount - 1].Kind == OutcomeKind.Executed)
            _outcomes[_outcomeCount - 1].Count++;
        else
            Add(new Outcome(OutcomeKind.Executed, null, CommandVerb.Unknown, _commandCount, 1));
        Append(ref _commands, ref _commandCount, command);
    }

    /// <summary>Sends what the commands add up to.</summary>
    /// <param name="subscription">Where commands to the channel go.</param>
    public void Start(Subscription? subscription)
    {
        if (_commandCount > 0)
        {
            (Consumer consumer, ChannelLink link) = (subscription!.Consumer, subscription.Link);
            if (consumer.TakeCredit() is { } credit)
                Append(ref _commands, ref _commandCount, credit);
            _idPrefix = link.IdPrefix;
            _call = link.Add(_commands.AsSpan(0, _commandCount), out _callIndex);
            Release(ref _commands, ref _commandCount);
            link.Start();
        }
        StartPublishers();
    }

    /// <summary>Awaits what was started and makes the replies, in the order of the commands.</summary>
    /// <returns>The error that ends the connection, if there is one; the commands behind it get no reply.</returns>
    public async ValueTask<ProtocolError?> SettleAsync()
    {
        ProtocolError? error = null;
        for (int i = 0; i < _outcomeCount && error is null; i++)
        {
            PendingCall? call = _outcomes[i].Kind == OutcomeKind.Executed ? _call : _outcomes[i].Source as PendingCall;
            if (call is not null && !call.IsCompleted)
                await call.WaitAsync();
            error = Reply(_outcomes[i]);
        }
        Release(ref _outcomes, ref _outcomeCount);
        _call = null;
        return error;
    }

    private ProtocolError? Reply(in Outcome outcome)
    {
        switch (outcome.Kind)
        {
            case OutcomeKind.Response:
                Replies.AddResponse((byte[])outcome.Source!);
                return null;
            case OutcomeKind.Error:
                ReplyError((ProtocolError)outcome.Source!);
                return null;
            case OutcomeKind.Executed:
                ReplyFailures(outcome);
                return null;
        }
        PublishCall publish = (PublishCall)outcome.Source!;
        if (publish.Status == TopicStatus.TooBig)
            return ProtocolError.MessageTooBig(outcome.Verb, publish.Excess.Size, publish.Excess.Limit);
        if (publish.Cause is not null)
            return ProtocolError.PublishFailed(outcome.Verb, publish.Cause);
        Replies.AddFrame(Frame.Ok, outcome.Count);
        return null;
    }

    private void ReplyFailures(in Outcome outcome)
    {
        int first = _callIndex + outcome.First;
        Span<byte> id = stackalloc byte[HexId.Length];
        foreach (ref readonly CommandFailure failure in _call!.Failures.AsSpan())
        {
            if (failure.Index < first)
                continue;
            if (failure.Index >= first + outcome.Count)
                return;
            ConsumerCommand command = _call.Commands[failure.Index];
            CommandVerb verb = command.Kind switch
            {
                CommandKind.Finish => CommandVerb.Fin,
                CommandKind.Requeue => CommandVerb.Req,
                _ => CommandVerb.Touch,
            };
            HexId.Format(MessageId.Of(_idPrefix, command.Offset), id);
            string cause = failure.Cause == CommandFailureCause.NotOwner ? "client does not own message" : NotInFlight;
            ReplyError(ProtocolError.CommandFailed(verb, id, cause));
        }
    }

    private void ReplyError(ProtocolError error)
    {
        metrics.Count(error);
        Replies.AddError(error);
    }

    private void StartPublishers()
    {
        foreach (TopicPublisher publisher in _touched)
            publisher.Start();
        _touched.Clear();
    }

    private void Add(in Outcome outcome) => Append(ref _outcomes, ref _outcomeCount, outcome);

    private static void Append<T>(ref T[] array, ref int count, in T item)
    {
        if (count == array.Length)
        {
            T[] larger = ArrayPool<T>.Shared.Rent(Math.Max(16, count * 2));
            int moved = count;
            array.AsSpan(0, moved).CopyTo(larger);
            Release(ref array, ref moved);
            array = larger;
        }
        array[count++] = item;
    }

    private static void Release<T>(ref T[] array, ref int count)
    {
        if (array.Length > 0)
        {
            // What the entries refer to must not live as long as the pool.
            array.AsSpan(0, count).Clear();
            ArrayPool<T>.Shared.Return(array);
        }
        array = [];
        count = 0;
    }
}
