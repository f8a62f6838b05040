using Microsoft.Extensions.DependencyInjection;

namespace Broker.Client;

/// <summary>Gives each message a scope, and a handler from it.</summary>
internal sealed class ScopedHandler<THandler>(IServiceScopeFactory scopes) : INsqMessageHandler
    where THandler : class, INsqMessageHandler
{
    public async ValueTask HandleAsync(NsqMessage message, CancellationToken cancellation)
    {
        AsyncServiceScope scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            await scope.ServiceProvider.GetRequiredService<THandler>().HandleAsync(message, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask GiveUpAsync(NsqMessage message, CancellationToken cancellation)
    {
        AsyncServiceScope scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            INsqMessageHandler handler = scope.ServiceProvider.GetRequiredService<THandler>();
            await handler.GiveUpAsync(message, cancellation).ConfigureAwait(false);
        }
    }
}
