"""Where each number stands in the arrays of `beats.plan.Arrays`; plain integers, because compiled code reads them."""

# `leads`, of shape n_leads, 8:
HELD = 0  # last finite sample, mV
BAD_RUN = 1  # samples in a row that were no number
FLAT_RUN = 2  # samples in a row that did not change
STARTED = 3  # 1 once a finite sample came
BAND_LAST = 4  # last value of the band, for its slope
SCALE = 5  # activity at a usual QRS, mV/s
NOISE = 6  # mean activity, mV/s
READY_AT = 7  # slow sample from which the lead is listened to (again)
WEIGHT = 8  # how much the lead counts now
QRS_SPAN = 9  # highest less lowest point of a usual QRS, mV; 0 before the first
N_LEAD_SLOTS = 10

# `rings`, of shape 2, n_leads, ring:
SLOPE = 0
SHAPE = 1
N_RINGS = 2

# `candidates`, of shape N_CANDIDATES, 3 + n_leads:
AT = 0  # slow sample
HEIGHT = 1  # activity relative to a usual QRS
STEEPNESS = 2  # greatest slope relative to a usual QRS's activity
PER_LEAD = 3  # activity in each lead, mV/s

# numbers
TOP = 0  # highest activity since the last candidate
USUAL = 1  # height of a usual QRS
QUIET = 2  # height of what is no QRS
LAST_STEEPNESS = 3
LAST_HEIGHT = 4
LAST_FIDUCIAL = 5  # slow sample with fraction
NEAR_LOG = 6  # mean log of the last intervals that did not come early, s
FAR_LOG = 7  # the same over more of them
SEEN_AT = 8  # slow sample of the last candidate, a beat or not
SEEN_HEIGHT = 9
LATELY = 10  # from here on the means of `beats.lately`
N_NUMBERS = 18

# counts
SAMPLES = 0  # samples seen
SLOW = 1  # slow samples seen
TOP_AT = 2  # slow sample of TOP
N_WAITING = 3  # candidates
LAST_AT = 4  # slow sample of the last accepted beat; below 0 before the first
N_HEIGHTS_SEEN = 5
N_INTERVALS_SEEN = 6
PENDING = 7  # 1 while a beat waits for its label
LEARNED = 9
N_ACCEPTED = 10
N_SAID = 11  # beats written by the call in progress
N_LOGS_SEEN = 12
FAMILY = 13  # of the newest beat
LAST_FAMILY = 14  # of the beat before it; below 0 where that is no more
N_JUDGED = 15  # candidates written by the call in progress
N_COUNTS = 16

# `clusters`, of shape N_CLUSTERS, N_CLUSTER_SLOTS:
COUNT = 0  # beats, older ones fading
EARLY = 1  # mean log of interval before to usual interval
FAMILY_WIDTH = 2  # points
EARLY_PART = 3  # of its beats, how many come early
AFTER = 4  # mean log of interval after to usual interval
N_AFTER = 5  # beats in that mean
N_CLUSTER_SLOTS = 6

# `pending`, of shape N_PENDING_SLOTS + N_FEATURES:
BEAT_AT = 0  # slow sample with fraction
N_PENDING_SLOTS = 1
