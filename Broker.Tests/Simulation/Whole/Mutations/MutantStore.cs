using Broker.Storage;

namespace Broker.Tests.Simulation.Whole.Mutations;

/// <summary>Puts stores and logs that do something wrongly in the place of those that ship.</summary>
internal static class MutantStore
{
    /// <summary>A store that has a fault.</summary>
    public static IMessageStore Of(IMessageStore store, Mutation mutation) => Substitute.Of(store, (method, _, go) => method switch
    {
        nameof(IMessageStore.OpenTopicAsync) when mutation is Mutation.TrimmedEarly or Mutation.FenceForgotten =>
            MutateAsync((ValueTask<ITopicLog?>)go()!, log => LogOf(log, mutation)),
        _ => go(),
    });

    private static ITopicLog? LogOf(ITopicLog? log, Mutation mutation) => log is null ? null : Substitute.Of(log, (method, arguments, go) =>
    {
        switch (method)
        {
            case nameof(ITopicLog.TrimAsync) when mutation == Mutation.TrimmedEarly:
                arguments[0] = log.NextOffset;
                return go();
            case nameof(ITopicLog.AppendAsync) or nameof(ITopicLog.VerifyAsync) or nameof(ITopicLog.SaveRecordAsync) when mutation == Mutation.FenceForgotten:
                return ForgetFenceAsync((ValueTask)go()!);
            default:
                return go();
        }
    });

    private static async ValueTask<T> MutateAsync<T>(ValueTask<T> original, Func<T, T> mutate) => mutate(await original);

    private static async ValueTask ForgetFenceAsync(ValueTask call)
    {
        try
        {
            await call;
        }
        catch (FencedException)
        {
            // This is the fault: nobody hears of it.
        }
    }
}
