using System.Diagnostics;
using Broker.Channels;
using Broker.Gateways;
using Broker.Messages;
using Broker.Policies;
using Broker.Telemetry;

namespace Broker.Grains.Channels;

/// <summary>The gateways that have consumers on a channel: how they attach, what they command, and when they are taken for lost.</summary>
/// <param name="channel">The activation.</param>
/// <param name="turns">Ends a turn.</param>
/// <param name="options">Limits of channels.</param>
/// <param name="time">The clock.</param>
/// <param name="traces">Traces messages; null for never.</param>
/// <param name="locals">The gateways of this process; null for none.</param>
internal sealed class GatewaySessions(
    ChannelActivation channel, ChannelTurns turns, QueueOptions options, TimeProvider time, MessageTraces? traces, LocalGateways? locals)
{
    /// <summary>A gateway attaches consumers; again when the channel was activated anew, with what they have in flight.</summary>
    public AttachReply Attach(OpenChannel open, AttachRequest request)
    {
        int limit = options.MaxChannelConsumers;
        if (!request.Again && limit > 0 && open.ConsumerCount + request.Consumers.Length > limit)
            return new AttachReply(AttachStatus.TooManyConsumers);

        Moment now = Moment.Of(time);
        IGatewayObserver observer = locals?.Find(request.Gateway) ?? request.Observer;
        if (!open.Gateways.TryGetValue(request.Gateway, out AttachedGateway? gateway))
        {
            gateway = new AttachedGateway(request.Gateway, observer);
            open.Gateways.Add(request.Gateway, gateway);
        }

        gateway.LastHeard = now.Steady;
        gateway.Observer = observer;
        if (request.Again)
        {
            gateway.LastSequence = 0;
            foreach (Consumer gone in gateway.Consumers.Values.ExceptBy(request.Consumers.Select(c => c.Consumer), c => c.Number).ToArray())
                open.Queue.Leave(gone);
        }

        foreach (ConsumerAttachment attachment in request.Consumers)
        {
            if (gateway.Consumers.TryGetValue(attachment.Consumer, out Consumer? known))
            {
                known.SetCredit(attachment.Received ?? known.Sent, attachment.Window);
                open.Queue.SetReady(known, attachment.Ready);
                continue;
            }

            open.Queue.Join(new Consumer(gateway, attachment), attachment.InFlight, now);
        }

        turns.End(open, now);
        return new AttachReply(AttachStatus.Ok, open.IdPrefix);
    }

    /// <summary>Carries out the commands of a gateway, each batch once.</summary>
    public CommandReply Execute(OpenChannel open, CommandBatch commands)
    {
        if (!open.Gateways.TryGetValue(commands.Gateway, out AttachedGateway? gateway))
            return new CommandReply(CommandStatus.NotAttached);
        Moment now = Moment.Of(time);
        gateway.LastHeard = now.Steady;
        if (commands.Sequence == gateway.LastSequence)
            return gateway.LastReply;
        // A consumer that joined just after the channel was activated anew made the gateway known, but not what it had here before.
        if (commands.Sequence != gateway.LastSequence + 1)
            return new CommandReply(CommandStatus.NotAttached);
        List<CommandFailure>? failures = null;
        long nanoseconds = open.Queue.Latencies is null ? 0 : Moment.NanosecondsOf(time);
        MessageTraces? tracing = traces is { IsOn: true } ? traces : null;
        ReadOnlySpan<ConsumerCommand> list = commands.Commands;
        Consumer? consumer = null;
        for (int i = 0; i < list.Length; i++)
        {
            ref readonly ConsumerCommand command = ref list[i];
            if (consumer?.Number != command.Consumer && !gateway.Consumers.TryGetValue(command.Consumer, out consumer))
                continue;
            if (tracing is not null && command.Kind is CommandKind.Finish or CommandKind.Requeue && tracing.Includes(command.Offset))
                Trace(open, consumer!, command, now);
            if (Execute(open.Queue, consumer!, command, now, nanoseconds) is { } cause)
                (failures ??= []).Add(new CommandFailure(i, cause));
            if (command.Kind == CommandKind.Detach)
                consumer = null;
        }

        gateway.LastSequence = commands.Sequence;
        gateway.LastReply = new CommandReply(CommandStatus.Ok, failures?.ToArray());
        if (gateway.Consumers.Count == 0)
        {
            open.Gateways.Remove(gateway.Id);
            channel.LeaveIfEphemeral(open);
        }

        turns.End(open, now);
        return gateway.LastReply;
    }

    /// <summary>Takes gateways for lost that were not heard for longer than they may be silent: their messages go to others.</summary>
    /// <param name="open">The channel.</param>
    /// <param name="now">Milliseconds of the steady clock.</param>
    public void DropLost(OpenChannel open, long now)
    {
        long limit = (long)options.GatewayTimeout.TotalMilliseconds;
        foreach (AttachedGateway gateway in open.Gateways.Values.ToArray())
        {
            if (now - gateway.LastHeard <= limit)
                continue;
            channel.Log.GatewayLost(channel.Topic, channel.Name, gateway.Id, gateway.Consumers.Count);
            foreach (Consumer consumer in gateway.Consumers.Values.ToArray())
                open.Queue.Leave(consumer);
            open.Gateways.Remove(gateway.Id);
            channel.LeaveIfEphemeral(open);
        }
    }

    private void Trace(OpenChannel open, Consumer consumer, in ConsumerCommand command, Moment now)
    {
        if (!open.Queue.TryFindDelivery(consumer, command.Offset, out long delivered, out ushort attempts))
            return;
        MessageTraces.Add(
            command.Kind == CommandKind.Finish ? "finish" : "requeue",
            ActivityKind.Consumer,
            channel.Topic,
            MessageId.Of(open.IdPrefix, command.Offset),
            DateTimeOffset.FromUnixTimeMilliseconds(now.ToWall(delivered)),
            DateTimeOffset.FromUnixTimeMilliseconds(now.Wall),
            ("messaging.destination.subscription.name", channel.Name),
            ("nsq.message.attempts", (int)attempts));
    }

    private static CommandFailureCause? Execute(ChannelQueue queue, Consumer consumer, in ConsumerCommand command, Moment now, long nanoseconds)
    {
        switch (command.Kind)
        {
            case CommandKind.Finish:
                return queue.Finish(consumer, command.Offset, nanoseconds);
            case CommandKind.Requeue:
                return queue.Requeue(consumer, command.Offset, command.Value, now);
            case CommandKind.Touch:
                return queue.Touch(consumer, command.Offset, now.Steady);
            case CommandKind.Ready:
                queue.SetReady(consumer, (int)command.Value);
                return null;
            case CommandKind.Window:
                queue.GrowWindow(consumer, command.Value);
                return null;
            case CommandKind.Credit:
                queue.SetCredit(consumer, command.Offset, command.Value);
                return null;
            case CommandKind.Detach when command.Value == 1:
                queue.Leave(consumer, written: command.Offset);
                return null;
            case CommandKind.Detach:
                queue.Leave(consumer);
                return null;
            default:
                throw new ArgumentOutOfRangeException(nameof(command), command.Kind, "unknown command of a gateway");
        }
    }
}
