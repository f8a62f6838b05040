using System.Runtime.InteropServices;
using Broker.Channels;
using Broker.Messages;
using Broker.Topics;
using Orleans.Serialization.Invocation;

namespace Broker.Tests.Simulation.Whole.Mutations;

/// <summary>Stands before the grains, and does some of what they do wrongly.</summary>
internal sealed class MutantCalls(Mutation mutation, Random random)
{
    /// <summary>Runs a call of a grain.</summary>
    /// <param name="request">The call, whose arguments may be changed.</param>
    /// <param name="go">Has the grain carry it out.</param>
    public Task<Response> RunAsync(IInvokable request, Func<Task<Response>> go)
    {
        object? argument = request.GetArgumentCount() > 0 ? request.GetArgument(0) : null;
        switch (argument)
        {
            case PublishRequest when mutation == Mutation.OkBeforeAppend && random.Next(50) == 0:
                return Task.FromResult(Response.FromResult(TopicReply.Ok));
            case PublishRequest publish:
                request.SetArgument(0, Mutate(publish));
                break;
            case CommandBatch commands:
                request.SetArgument(0, Mutate(commands));
                break;
            case AttachRequest { Again: true } attach when mutation == Mutation.CreditLostOnAttach:
                request.SetArgument(0, WithoutCredit(attach));
                break;
            // At the topic: what a channel was not told it finds out by its next report.
            case string when request.GetMethodName() == nameof(ITopicGrain.PauseChannelAsync):
                if (mutation == ((bool)request.GetArgument(1)! ? Mutation.PauseIgnored : Mutation.ResumeForgotten))
                    return Task.FromResult(Response.FromResult(TopicReply.Ok));
                break;
        }

        return go();
    }

    private PublishRequest Mutate(PublishRequest request) => mutation switch
    {
        Mutation.RetryForgotten => new PublishRequest { Publisher = random.NextInt64(1L << 32, 1L << 40), Sequence = 1, Lowest = 1, Batch = request.Batch },
        Mutation.DeferralEarly => WithDueTimes(request, -5_000),
        Mutation.DeferralLate => WithDueTimes(request, 600_000),
        _ => request,
    };

    private CommandBatch Mutate(CommandBatch batch)
    {
        byte[] data = [.. batch.Data];
        foreach (ref ConsumerCommand command in MemoryMarshal.Cast<byte, ConsumerCommand>(data.AsSpan()))
        {
            command = (mutation, command.Kind) switch
            {
                (Mutation.RequeueDropped, CommandKind.Requeue) => command with { Kind = CommandKind.Finish },
                (Mutation.FinishForgotten, CommandKind.Finish) => command with { Kind = CommandKind.Touch },
                (Mutation.CreditForgotten, CommandKind.Credit) => command with { Kind = CommandKind.Window, Value = 0 },
                _ => command,
            };
        }

        return new CommandBatch { Gateway = batch.Gateway, Incarnation = batch.Incarnation, Sequence = batch.Sequence, Data = data };
    }

    private static PublishRequest WithDueTimes(PublishRequest request, long later)
    {
        MessageBatch batch = request.Batch;
        return new PublishRequest
        {
            Publisher = request.Publisher,
            Sequence = request.Sequence,
            Lowest = request.Lowest,
            Batch = new MessageBatch
            {
                BaseOffset = batch.BaseOffset,
                Count = batch.Count,
                Records = batch.Records,
                DueTimes = batch.DueTimes?.Select(due => due + later).ToArray(),
            },
        };
    }

    private static AttachRequest WithoutCredit(AttachRequest request) => new()
    {
        Gateway = request.Gateway,
        Observer = request.Observer,
        Incarnation = request.Incarnation,
        Again = request.Again,
        Consumers = [.. request.Consumers.Select(consumer => new ConsumerAttachment
        {
            Consumer = consumer.Consumer,
            MessageTimeout = consumer.MessageTimeout,
            HasDefaultTimeout = consumer.HasDefaultTimeout,
            SampleRate = consumer.SampleRate,
            Proximity = consumer.Proximity,
            Ready = consumer.Ready,
            Window = 0,
            InFlight = consumer.InFlight,
            Received = consumer.Received,
            Address = consumer.Address,
            ClientId = consumer.ClientId,
        })],
    };
}
