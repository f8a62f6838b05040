namespace Broker.Tests.Gateway;

/// <summary>Waits in real time for what other threads are about to do.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(
        Func<bool> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "")
    {
        for (int i = 0; i < 1000; i++)
        {
            if (condition())
                return;
            await Task.Delay(10);
        }
        Assert.Fail($"never came true: {what}");
    }

    public static async Task TrueAsync(
        Func<Task<bool>> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "")
    {
        for (int i = 0; i < 1000; i++)
        {
            if (await condition())
                return;
            await Task.Delay(10);
        }
        Assert.Fail($"never came true: {what}");
    }
}
