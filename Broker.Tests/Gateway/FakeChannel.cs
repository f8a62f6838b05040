using System.Runtime.InteropServices;
using Broker.Channels;
using Broker.Gateways;
using Broker.Messages;
using Broker.Policies;
using Broker.Topics;

namespace Broker.Tests.Gateway;

/// <summary>A channel that knows RDY, windows, FIN, REQ (at once) and TOUCH, and no timeouts.</summary>
internal sealed class FakeChannel(string key) : IChannelGrain
{
    private readonly Lock _gate = new();
    private readonly List<AttachRequest> _attaches = [];
    private readonly List<CommandBatch> _batches = [];
    private readonly List<ConsumerCommand> _executed = [];
    private readonly LinkedList<Message> _waiting = [];
    private readonly Dictionary<int, Joined> _consumers = [];
    private readonly Dictionary<long, (int Consumer, Message Message)> _inFlight = [];
    private IGatewayObserver? _observer;
    private long _lastSequence;
    private CommandReply _lastReply;

    public long Incarnation { get; set; }

    public ulong IdPrefix { get; set; }

    public List<AttachRequest> Attaches => Copy(_attaches);

    public List<CommandBatch> Batches => Copy(_batches);

    public List<ConsumerCommand> Executed => Copy(_executed);

    /// <summary>Answers instead of the channel when it returns something.</summary>
    public Func<CommandBatch, ValueTask<CommandReply>?>? OnExecute { get; set; }

    /// <summary>Answers instead of the channel when it returns something.</summary>
    public Func<AttachRequest, ValueTask<AttachReply>?>? OnAttach { get; set; }

    /// <summary>Whether deliveries get lost on their way.</summary>
    public bool LosesDeliveries { get; set; }

    /// <summary>Bytes that may yet be sent to the only consumer.</summary>
    public long Window
    {
        get
        {
            lock (_gate)
                return _consumers.Values.Single() is var consumer ? consumer.Limit - consumer.Sent : 0;
        }
    }

    public int InFlight
    {
        get
        {
            lock (_gate)
                return _inFlight.Count;
        }
    }

    public int Waiting
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    public IGatewayObserver Observer => _observer!;

    public void Take(MessageBatch batch)
    {
        lock (_gate)
        {
            int position = 0;
            for (int i = 0; i < batch.Count; i++)
            {
                _waiting.AddLast(new Message(batch, position, batch.BaseOffset + i, 0));
                position += batch.SizeAt(position);
            }
            Deliver();
        }
    }

    /// <summary>As if the channel had been activated anew: it knows no gateway any more.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            foreach ((int _, Message message) in _inFlight.Values)
                _waiting.AddFirst(message);
            _inFlight.Clear();
            _consumers.Clear();
            _observer = null;
            _lastSequence = 0;
        }
    }

    public ValueTask<AttachReply> AttachAsync(AttachRequest request)
    {
        lock (_gate)
            _attaches.Add(request);
        return OnAttach?.Invoke(request) ?? new ValueTask<AttachReply>(Attach(request));
    }

    public AttachReply Attach(AttachRequest request)
    {
        lock (_gate)
        {
            if (request.Incarnation != Incarnation)
                return new AttachReply(AttachStatus.Gone);
            _observer = request.Observer;
            if (request.Again)
            {
                _consumers.Clear();
                _lastSequence = 0;
            }
            foreach (ConsumerAttachment consumer in request.Consumers)
            {
                _consumers[consumer.Consumer] = new Joined
                {
                    Ready = consumer.Ready,
                    Sent = consumer.Received ?? 0,
                    Limit = (consumer.Received ?? 0) + consumer.Window,
                };
                foreach (InFlightMessage out_ in consumer.InFlight)
                {
                    if (_waiting.FirstOrDefault(message => message.Offset == out_.Offset) is not { } message)
                        continue;
                    _waiting.Remove(message);
                    _inFlight[out_.Offset] = (consumer.Consumer, message with { Attempts = out_.Attempts });
                    _consumers[consumer.Consumer].InFlight++;
                }
            }
            Deliver();
            return new AttachReply(AttachStatus.Ok, IdPrefix);
        }
    }

    public ValueTask<CommandReply> ExecuteAsync(CommandBatch commands)
    {
        lock (_gate)
            _batches.Add(commands);
        return OnExecute?.Invoke(commands) ?? new ValueTask<CommandReply>(Execute(commands));
    }

    public CommandReply Execute(CommandBatch commands)
    {
        lock (_gate)
        {
            if (_observer is null)
                return new CommandReply(CommandStatus.NotAttached);
            if (commands.Sequence == _lastSequence)
                return _lastReply;
            Assert.Equal(_lastSequence + 1, commands.Sequence);
            _lastSequence = commands.Sequence;
            List<CommandFailure> failures = [];
            for (int i = 0; i < commands.Commands.Length; i++)
            {
                ConsumerCommand command = commands.Commands[i];
                _executed.Add(command);
                if (Carry(command) is CommandFailureCause cause)
                    failures.Add(new CommandFailure(i, cause));
            }
            Deliver();
            return _lastReply = new CommandReply(CommandStatus.Ok, failures.Count == 0 ? null : [.. failures]);
        }
    }

    // Calls go on while a test looks.
    private List<T> Copy<T>(List<T> list)
    {
        lock (_gate)
            return [.. list];
    }

    private CommandFailureCause? Carry(ConsumerCommand command)
    {
        if (!_consumers.TryGetValue(command.Consumer, out Joined? consumer))
            return null;
        switch (command.Kind)
        {
            case CommandKind.Ready:
                consumer.Ready = (int)command.Value;
                return null;
            case CommandKind.Credit:
                consumer.Limit = command.Offset + command.Value;
                return null;
            case CommandKind.Detach:
                _consumers.Remove(command.Consumer);
                return null;
        }
        if (!_inFlight.TryGetValue(command.Offset, out (int Consumer, Message Message) entry))
            return CommandFailureCause.NotInFlight;
        if (entry.Consumer != command.Consumer)
            return CommandFailureCause.NotOwner;
        if (command.Kind == CommandKind.Touch)
            return null;
        _inFlight.Remove(command.Offset);
        consumer.InFlight--;
        if (command.Kind == CommandKind.Requeue)
            _waiting.AddLast(entry.Message);
        return null;
    }

    private void Deliver()
    {
        List<DeliveryRun> runs = [];
        foreach ((int number, Joined consumer) in _consumers)
        {
            while (_waiting.First is { Value: var message } && consumer.InFlight < consumer.Ready && consumer.Sent < consumer.Limit)
            {
                _waiting.RemoveFirst();
                consumer.InFlight++;
                consumer.Sent += message.Batch.BodyAt(message.Position).Length;
                ushort attempts = (ushort)(message.Attempts + 1);
                _inFlight[message.Offset] = (number, message with { Attempts = attempts });
                // Neighbours of one batch go as one run, as from a real channel.
                if (runs.Count > 0 && CollectionsMarshal.AsSpan(runs)[^1] is var last && last.Consumer == number
                    && last.Batch == message.Batch && last.Attempts == attempts && last.FirstOffset + last.Count == message.Offset)
                {
                    runs[^1] = last with { Count = last.Count + 1, Sent = consumer.Sent };
                }
                else
                {
                    runs.Add(new DeliveryRun(number, message.Batch, message.Position, message.Offset, 1, attempts, consumer.Sent));
                }
            }
        }
        if (runs.Count > 0 && !LosesDeliveries)
            _observer!.Deliver(new Delivery { ChannelKey = key, Incarnation = Incarnation, Runs = [.. runs] });
    }

    public ValueTask<OfferReply> OfferAsync(ChannelOffer offer) => throw new NotSupportedException();

    public ValueTask<TopicStatus> PauseAsync(long incarnation, bool paused) => throw new NotSupportedException();

    public ValueTask<TopicStatus> ChangePolicyAsync(long incarnation, ChannelPolicy policy) => throw new NotSupportedException();

    public ValueTask<TopicStatus> EmptyAsync(long incarnation, long end) => throw new NotSupportedException();

    public ValueTask<TopicStatus> DeleteAsync(long incarnation) => throw new NotSupportedException();

    public ValueTask<PeekReply> PeekAsync(PeekRequest request) => throw new NotSupportedException();

    public ValueTask<TopicStatus> RequeueMessageAsync(long incarnation, ulong id) => throw new NotSupportedException();

    public ValueTask<TopicStatus> FinishMessageAsync(long incarnation, ulong id) => throw new NotSupportedException();

    public ValueTask<DeadReply> DeadAsync(DeadRequest request) => throw new NotSupportedException();

    public ValueTask<DeadDiscardReply> DiscardDeadAsync(long incarnation, DeadFilter filter, long from) => throw new NotSupportedException();

    public ValueTask<TopicStatus> RedriveAsync(long incarnation, Redrive? redrive) => throw new NotSupportedException();

    public ValueTask<RedriveReply> DescribeRedriveAsync(long incarnation) => throw new NotSupportedException();

    public ValueTask<ChannelStats> StatsAsync(long incarnation, bool includeConsumers) => throw new NotSupportedException();

    private sealed record Message(MessageBatch Batch, int Position, long Offset, ushort Attempts);

    private sealed class Joined
    {
        public int Ready;
        public long Sent;
        public long Limit;
        public int InFlight;
    }
}
