namespace Broker.Silo.Hosting;

/// <summary>
/// As many places as all listeners of the process may have connections. A listener may take seven eighths of them at most, so that who fills one
/// leaves something to the others, health checks among them.
/// </summary>
/// <param name="count">How many places there are.</param>
public sealed class ConnectionPlaces(int count)
{
    private readonly SemaphoreSlim _free = new(count);

    /// <summary>The part of a listener.</summary>
    public Share CreateShare() => new(this, Math.Max(1, count - (count / 8)));

    /// <summary>What one listener may take.</summary>
    /// <param name="places">All places.</param>
    /// <param name="count">How many of them.</param>
    public sealed class Share(ConnectionPlaces places, int count)
    {
        private readonly SemaphoreSlim _free = new(count);

        /// <summary>Takes a place if there is one.</summary>
        public bool TryTake()
        {
            if (!_free.Wait(0))
                return false;
            if (places._free.Wait(0))
                return true;
            _free.Release();
            return false;
        }

        /// <summary>Takes a place as soon as there is one.</summary>
        /// <exception cref="OperationCanceledException">It is not wanted any more.</exception>
        public async Task TakeAsync(CancellationToken cancellation)
        {
            await _free.WaitAsync(cancellation);
            try
            {
                await places._free.WaitAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                _free.Release();
                throw;
            }
        }

        /// <summary>Gives a place back.</summary>
        public void GiveBack()
        {
            places._free.Release();
            _free.Release();
        }
    }
}
