using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

internal sealed class GrainTimer<TState>(
    Activation activation, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    : GrainTimer(activation, options)
{
    protected override Task TickAsync(CancellationToken cancellationToken) => callback(state, cancellationToken);
}
