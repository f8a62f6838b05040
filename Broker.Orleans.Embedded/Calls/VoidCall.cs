namespace Broker.Orleans.Embedded;

/// <summary>A call that returns nothing, or only when it has ended.</summary>
internal abstract class VoidCall : ResultCall<Nothing>
{
    /// <summary>Calls the method; generated for each.</summary>
    public abstract ValueTask Perform(object target);

    public sealed override ValueTask<Nothing> Invoke(object target)
    {
        ValueTask outcome = Perform(target);
        if (!outcome.IsCompletedSuccessfully)
        {
            return Finish(outcome);
        }
        outcome.GetAwaiter().GetResult();
        return default;
    }

    private static async ValueTask<Nothing> Finish(ValueTask outcome)
    {
        await outcome;
        return default;
    }
}
