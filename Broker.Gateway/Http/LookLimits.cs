using Broker.Serving.Http;

namespace Broker.Gateway.Http;

/// <summary>How much a look at messages returns.</summary>
/// <param name="Messages">Most messages, 1 to 1000; 20 unless <c>limit</c> says otherwise.</param>
/// <param name="BodyBytes">Most bytes of each body, 0 to 16 MiB; 4096 unless <c>body_limit</c> says otherwise.</param>
internal readonly record struct LookLimits(int Messages, int BodyBytes)
{
    /// <summary>Reads both; false when one of them is no number of its range.</summary>
    public static bool TryRead(QueryParameters parameters, out LookLimits limits)
    {
        long messages = 20;
        bool isGood = parameters.TryFindNumber("limit", 1, 1000, ref messages);
        isGood &= TryReadBodyBytes(parameters, out int bodyBytes);
        limits = new LookLimits((int)messages, bodyBytes);
        return isGood;
    }

    /// <summary>Reads how much of the body is returned where one message is asked for.</summary>
    public static bool TryReadBodyBytes(QueryParameters parameters, out int bodyBytes)
    {
        long bytes = 4096;
        bool isGood = parameters.TryFindNumber("body_limit", 0, 16 << 20, ref bytes);
        bodyBytes = (int)bytes;
        return isGood;
    }
}
